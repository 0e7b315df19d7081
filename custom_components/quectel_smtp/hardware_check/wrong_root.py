"""A root certificate that no server's chain ends in: its key was thrown away."""

from typing import Final

WRONG_ROOT: Final = """\
-----BEGIN CERTIFICATE-----
MIIBbjCCARSgAwIBAgIBATAKBggqhkjOPQQDAjA2MTQwMgYDVQQDDCtSb290IG9m
IGEgaGFyZHdhcmUgY2hlY2sgdGhhdCBubyBzZXJ2ZXIgaGFzMB4XDTIwMDEwMTAw
MDAwMFoXDTQ5MTIzMTAwMDAwMFowNjE0MDIGA1UEAwwrUm9vdCBvZiBhIGhhcmR3
YXJlIGNoZWNrIHRoYXQgbm8gc2VydmVyIGhhczBZMBMGByqGSM49AgEGCCqGSM49
AwEHA0IABBojQWoCvciWoKummToMcAFBtceSKjMKowjtotlXE4/nnHFqRlQDODJu
d/D7msigeYLebnYUcWIsBjnJ7/DroNKjEzARMA8GA1UdEwEB/wQFMAMBAf8wCgYI
KoZIzj0EAwIDSAAwRQIgYImPvBevDKoorzudZ2dVmcWo/l4ZHzjZFNt6jOKBWeQC
IQCbBmh7EliQCpixxl+o6vaX/6TgXV/xKt+sYP/f2yLrdw==
-----END CERTIFICATE-----
"""
