"""Debian's Postfix on a loopback port: TLS, a log-in by SASL, and a mailbox to look into.

Everything of it is in a folder of its own: it neither reads nor changes what this machine
has set up.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
import os
from pathlib import Path
import pwd
import shutil
import socket
import subprocess
import tempfile

import pytest
import trustme

from custom_components.quectel_smtp.modem.mail.server import Security
from tests.programs import require_program

from .bench import HOST

LOGIN = ("user", "secret of the account")

_PROGRAMS = Path("/usr/lib/postfix/sbin")
_USER = "postfix"
_SECURED = (Security.TLS, Security.STARTTLS)
_PATIENCE = 30.0
_LOOK = 0.02
# What "postfix start" would make.
_QUEUES = (
    *("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold"),
    *("incoming", "maildrop", "pid", "private", "public", "trace"),
)

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {programs}
mail_owner = postfix
setgid_group = postdrop
myhostname = {host}
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
mydestination =
# Whoever an email is for, it comes to one mailbox.
virtual_mailbox_domains = example.com, example.org
virtual_mailbox_base = {folder}
virtual_mailbox_maps = static:mailbox/
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_minimum_uid = 1
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = permit_sasl_authenticated, reject
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
smtpd_sasl_local_domain = {host}
smtpd_tls_chain_files = {folder}/chain.pem
smtpd_tls_security_level = encrypt
smtpd_tls_auth_only = yes
smtpd_tls_mandatory_protocols = >=TLSv1.2
"""
_MASTER = """
127.0.0.1:{starttls} inet n - n - - smtpd
127.0.0.1:{implicit} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
"""
# Debian's Postfix reads it from a folder beside main.cf.
_SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/sasldb
mech_list: PLAIN LOGIN CRAM-MD5
"""


@dataclass(slots=True)
class Postfix:
    """A mail server that runs."""

    folder: Path
    ports: dict[Security, int]
    root: str
    """In PEM: what its chain ends in."""

    async def take(self) -> EmailMessage:
        """Wait until an email is in the mailbox; take it out."""
        mailbox = self.folder / "mailbox" / "new"
        async with asyncio.timeout(_PATIENCE):
            while not (found := _listed(mailbox)):
                await asyncio.sleep(_LOOK)
        content = found[0].read_bytes()
        found[0].unlink()
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        return message


def _listed(mailbox: Path) -> list[Path]:
    return list(mailbox.iterdir()) if mailbox.exists() else []


def require_postfix() -> None:
    """Skip the test where Postfix is not installed, or may not be started."""
    require_program("postfix")
    require_program("saslpasswd2")
    if os.geteuid() != 0:
        pytest.skip("Postfix starts as root only")


@asynccontextmanager
async def postfix() -> AsyncIterator[Postfix]:
    """Run one, in a folder that its own user may enter."""
    require_postfix()
    folder = Path(tempfile.mkdtemp(prefix="postfix"))
    try:
        found = await asyncio.to_thread(_set_up, folder)
        process = await asyncio.create_subprocess_exec(
            *(_PROGRAMS / "master", "-c", folder / "etc", "-d"),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            await _until_open(*found.ports.values())
            yield found
        finally:
            process.terminate()
            await process.wait()
    finally:
        await asyncio.to_thread(shutil.rmtree, folder)


async def _until_open(*ports: int) -> None:
    async with asyncio.timeout(_PATIENCE):
        for port in ports:
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(_LOOK)
                else:
                    writer.close()
                    break


def _set_up(folder: Path) -> Postfix:
    user = pwd.getpwnam(_USER)
    folder.chmod(0o755)
    ports = dict(zip(_SECURED, _free_ports(len(_SECURED)), strict=True))
    names = {
        "folder": folder,
        "programs": _PROGRAMS,
        "host": HOST,
        "uid": user.pw_uid,
        "gid": user.pw_gid,
        "starttls": ports[Security.STARTTLS],
        "implicit": ports[Security.TLS],
    }
    for name in ("etc", "etc/sasl", "data", "mailbox", "queue"):
        (folder / name).mkdir(mode=0o755)
    for name in _QUEUES:
        (folder / "queue" / name).mkdir(mode=0o755)
        owner = "root" if name == "pid" else _USER
        shutil.chown(folder / "queue" / name, owner)
    for name in ("data", "mailbox"):
        shutil.chown(folder / name, _USER)
    (folder / "etc" / "main.cf").write_text(_MAIN.format(**names))
    (folder / "etc" / "master.cf").write_text(_MASTER.format(**names))
    (folder / "etc" / "sasl" / "smtpd.conf").write_text(_SASL.format(**names))
    root = trustme.CA()
    chain = root.issue_cert(HOST).private_key_and_cert_chain_pem
    chain.write_to_path(str(folder / "chain.pem"))
    name, password = LOGIN
    subprocess.run(
        ("saslpasswd2", "-c", "-p", "-f", folder / "sasldb", "-u", HOST, name),
        input=password.encode(),
        check=True,
        capture_output=True,
    )
    shutil.chown(folder / "sasldb", _USER)
    return Postfix(folder, ports, root.cert_pem.bytes().decode())


def _free_ports(count: int) -> list[int]:
    listening = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in listening]
    for one in listening:
        one.close()
    return ports
