"""What the recorder asks a modem: reads only, each with what may be kept of the answer.

Test commands, read commands, identity and status; settings are asked for by name and
without a value. Nothing here changes the modem, and no mail account, sender or server
is asked for. What a modem keeps of an APN, with its user and password, is masked.
"""

from typing import Final

from .masking import Rule

QUESTIONS: Final = (
    # Who it is.
    Rule("AT"),
    Rule("ATI", bare=True),
    Rule("AT+CGMI", bare=True),
    Rule("AT+CGMM", bare=True),
    Rule("AT+CGMR", bare=True),
    Rule("AT+CGSN", 0),
    Rule("AT&V", bare=True),
    Rule("AT+IPR?"),
    Rule("AT+CMEE?"),
    Rule("AT+CSCS?"),
    Rule("AT+CNMI?"),
    Rule("AT+CFUN?"),
    Rule("AT+CFUN=?"),
    # The SIM.
    Rule("AT+CPIN?"),
    Rule('AT+QPINC="SC"'),
    Rule("AT+QINISTAT"),
    Rule("AT+CIMI", 0),
    Rule("AT+QCCID", 0),
    Rule("AT+ICCID", 0),
    # The network.
    Rule("AT+CREG?", 0),
    Rule("AT+CGREG?", 0),
    Rule("AT+CEREG?", 0),
    Rule("AT+CEREG=?"),
    Rule("AT+COPS?"),
    Rule("AT+CSQ"),
    Rule("AT+QCSQ"),
    Rule("AT+QCSQ=?"),
    Rule("AT+QNWINFO"),
    Rule("AT+CGATT?"),
    # The data connection.
    Rule("AT+CGDCONT?", 2),
    Rule("AT+CGDCONT=?"),
    Rule("AT+CGACT?"),
    Rule("AT+CGPADDR", 0),
    Rule("AT+QICSGP=?"),
    Rule("AT+QICSGP=1", 1),
    Rule("AT+QIACT?", 0),
    Rule("AT+QIACT=?"),
    Rule("AT+QIDEACT=?"),
    Rule("AT+QIGETERROR"),
    Rule("AT+QIDNSGIP=?"),
    Rule("AT+QIOPEN=?"),
    Rule("AT+QISEND=?"),
    Rule("AT+QIRD=?"),
    Rule("AT+QICLOSE=?"),
    Rule("AT+QICFG=?"),
    Rule("AT+QISDE?"),
    # How much went over it.
    Rule("AT+QGDCNT?", 0),
    Rule("AT+QAUGDCNT?"),
    # The clock.
    Rule("AT+CCLK?"),
    Rule("AT+CCLK=?"),
    Rule("AT+QLTS"),
    Rule("AT+QLTS=?"),
    Rule("AT+CTZU?"),
    # Where result codes go.
    Rule("AT+QURCCFG=?"),
    Rule('AT+QURCCFG="urcport"'),
    Rule('AT+QCFG="urc/cache"'),
    Rule('AT+QCFG="urc/delay"'),
    Rule('AT+QCFG="urc/port"'),
    # Whether it dials by itself, as a network device.
    Rule("AT+QNETDEVCTL?"),
    Rule('AT+QCFG="usbnet"'),
    # Files.
    Rule("AT+QFLDS=?"),
    Rule('AT+QFLDS="UFS"'),
    Rule("AT+QFLST=?"),
    Rule('AT+QFLST="*"', 0, files=True),
    Rule("AT+QFUPL=?"),
    Rule("AT+QFDEL=?"),
    # TLS.
    Rule("AT+QSSLCFG=?"),
    Rule('AT+QSSLCFG="sslversion",1'),
    Rule('AT+QSSLCFG="ciphersuite",1'),
    Rule('AT+QSSLCFG="seclevel",1'),
    Rule('AT+QSSLCFG="seclvl",1'),
    Rule('AT+QSSLCFG="ignorelocaltime",1'),
    Rule('AT+QSSLCFG="negotiatetime",1'),
    Rule('AT+QSSLCFG="sni",1'),
    Rule('AT+QSSLCFG="checkhost",1'),
    Rule('AT+QSSLCFG="cacert",1', 2, files=True),
    # Email.
    Rule("AT+QSMTPCFG=?"),
    Rule('AT+QSMTPCFG="contextid"'),
    Rule('AT+QSMTPCFG="ssltype"'),
    Rule('AT+QSMTPCFG="sslctxid"'),
    Rule('AT+QSMTPCFG="bodyoriginal"'),
    Rule('AT+QSMTPCFG="addrseparator"'),
    Rule("AT+QSMTPDST=?"),
    Rule("AT+QSMTPDST?", 1),
    Rule("AT+QSMTPSUB=?"),
    Rule("AT+QSMTPSUB?", 1),
    Rule("AT+QSMTPBODY=?"),
    Rule("AT+QSMTPATT=?"),
    Rule("AT+QSMTPATT?", 1, files=True),
    Rule("AT+QSMTPCLR=?"),
    Rule("AT+QSMTPPUT=?"),
)
