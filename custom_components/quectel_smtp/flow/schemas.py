"""The fields of the config flow's forms."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import (
    CONF_ADDRESS,
    CONF_DEVICE,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_PIN,
    CONF_PORT,
    CONF_USERNAME,
)
from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    BooleanSelector,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectOptionDict,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    SerialPortSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)

from ..const import (
    CONF_APN,
    CONF_APN_PASSWORD,
    CONF_APN_USERNAME,
    CONF_AUTHENTICATION,
    CONF_BACK,
    CONF_BAUDRATE,
    CONF_BCC,
    CONF_CC,
    CONF_CERTIFICATE,
    CONF_CONFIRMED,
    CONF_CRITICAL,
    CONF_ROAMING,
    CONF_SAVE_UNCHECKED,
    CONF_SECURITY,
    CONF_SENDER_ADDRESS,
    CONF_SENDER_NAME,
    CONF_TEST_TO,
    CONF_TO,
    CONF_VERIFICATION,
    SECTION_ADVANCED,
    SECTION_MORE,
    VERIFICATION_AUTOMATIC,
    VERIFICATION_MANUAL,
)
from ..modem.at.port import DEFAULT_BAUDRATE
from ..modem.mail.server import Security
from ..modem.network.pdp import Authentication
from .certificates import Root

if TYPE_CHECKING:
    # Home Assistant answers the import of voluptuous with this, its own engine.
    import probatio as vol
else:
    import voluptuous as vol

type Form = vol.Schema

CONF_NAME: Final = "name"
SENDER: Final = "sender"
NOBODY: Final = "nobody"
"""To whom a test email goes that goes to no recipient."""

BAUDRATES: Final = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
USUAL_PORTS: Final = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}


def _text(autocomplete: str = "off") -> TextSelector:
    return TextSelector(TextSelectorConfig(autocomplete=autocomplete))


def _secret(autocomplete: str) -> TextSelector:
    return TextSelector(
        TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete=autocomplete)
    )


def _choice(options: list[str], translation_key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=options,
            mode=SelectSelectorMode.DROPDOWN,
            translation_key=translation_key,
        )
    )


_ADDRESS: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.EMAIL, autocomplete="email")
)
_ADDRESSES: Final = TextSelector(
    TextSelectorConfig(type=TextSelectorType.EMAIL, multiple=True)
)

PORT: Final = vol.Schema(
    {
        vol.Required(CONF_DEVICE): SerialPortSelector(),
        vol.Required(SECTION_ADVANCED): section(
            vol.Schema(
                {
                    vol.Required(
                        CONF_BAUDRATE, default=str(DEFAULT_BAUDRATE)
                    ): SelectSelector(
                        SelectSelectorConfig(
                            options=[str(rate) for rate in BAUDRATES],
                            mode=SelectSelectorMode.DROPDOWN,
                        )
                    )
                }
            ),
            {"collapsed": True},
        ),
    }
)

USB_PORT: Final = vol.Schema({vol.Optional(CONF_DEVICE): SerialPortSelector()})

PIN: Final = vol.Schema({vol.Required(CONF_PIN): _secret("off")})
PIN_AGAIN: Final = PIN.extend(
    {vol.Required(CONF_CONFIRMED, default=False): BooleanSelector()}
)

CELLULAR: Final = vol.Schema(
    {
        vol.Optional(CONF_APN, default=""): _text(),
        vol.Optional(CONF_APN_USERNAME, default=""): _text(),
        vol.Optional(CONF_APN_PASSWORD, default=""): _secret("off"),
        vol.Required(
            CONF_AUTHENTICATION, default=Authentication.NONE.name.lower()
        ): _choice([kind.name.lower() for kind in Authentication], CONF_AUTHENTICATION),
    }
)

CELLULAR_ABROAD: Final = CELLULAR.extend(
    {vol.Required(CONF_ROAMING, default=False): BooleanSelector()}
)
"""The same, for a modem in another operator's network."""

LOGIN: Final = vol.Schema(
    {
        vol.Optional(CONF_USERNAME, default=""): _text("username"),
        vol.Optional(CONF_PASSWORD, default=""): _secret("current-password"),
    }
)

_SENDER: Final[Mapping[vol.Marker, TextSelector]] = {
    vol.Optional(CONF_SENDER_NAME, default=""): _text(),
    vol.Optional(CONF_SENDER_ADDRESS, default=""): _ADDRESS,
}

ACCOUNT: Final = LOGIN.extend(
    {
        vol.Optional(SECTION_ADVANCED): section(
            vol.Schema(dict(_SENDER)), {"collapsed": True}
        )
    }
)

SERVER: Final = vol.Schema(
    {
        vol.Required(CONF_HOST): _text(),
        vol.Required(CONF_PORT, default=USUAL_PORTS[Security.TLS]): vol.All(
            NumberSelector(
                NumberSelectorConfig(
                    min=1, max=65535, step=1, mode=NumberSelectorMode.BOX
                )
            ),
            vol.Coerce(int),
        ),
        vol.Required(CONF_SECURITY, default=Security.TLS.name.lower()): _choice(
            [kind.name.lower() for kind in USUAL_PORTS], CONF_SECURITY
        ),
        **LOGIN.schema,
        **_SENDER,
        vol.Optional(SECTION_ADVANCED): section(
            vol.Schema(
                {
                    vol.Required(
                        CONF_VERIFICATION, default=VERIFICATION_AUTOMATIC
                    ): _choice(
                        [VERIFICATION_AUTOMATIC, VERIFICATION_MANUAL],
                        CONF_VERIFICATION,
                    )
                }
            ),
            {"collapsed": True},
        ),
    }
)

CERTIFICATE_TEXT: Final = vol.Schema(
    {
        # Not required: who goes back has none to paste.
        vol.Optional(CONF_CERTIFICATE): TextSelector(
            TextSelectorConfig(multiline=True, autocomplete="off")
        )
    }
)

NOTHING: Final = vol.Schema({})


def recipient(*, more: bool) -> vol.Schema:
    """Return a recipient's form; ``more``: with all but its first address unfolded."""
    return vol.Schema(
        {
            vol.Required(CONF_ADDRESS): _ADDRESS,
            vol.Optional(CONF_NAME, default=""): _text(),
            vol.Required(CONF_CRITICAL, default=False): BooleanSelector(),
            vol.Optional(SECTION_MORE): section(
                vol.Schema(
                    {
                        vol.Optional(CONF_TO, default=list): _ADDRESSES,
                        vol.Optional(CONF_CC, default=list): _ADDRESSES,
                        vol.Optional(CONF_BCC, default=list): _ADDRESSES,
                    }
                ),
                {"collapsed": not more},
            ),
        }
    )


def test_email(sender: str, recipients: Mapping[str, str]) -> vol.Schema:
    """Return the form that asks whom a test email goes to.

    ``recipients``: their names by their ids. The sender's own mailbox tries the same
    way, and disturbs nobody.
    """
    options = {SENDER: sender, **recipients, NOBODY: NOBODY}
    return vol.Schema(
        {
            vol.Required(CONF_TEST_TO, default=SENDER): SelectSelector(
                SelectSelectorConfig(
                    options=[
                        SelectOptionDict(value=value, label=label)
                        for value, label in options.items()
                    ],
                    mode=SelectSelectorMode.LIST,
                    translation_key=CONF_TEST_TO,
                )
            )
        }
    )


def certificate_choice(offered: tuple[Root, ...]) -> vol.Schema:
    """Return the form that one of these roots is chosen with."""
    return vol.Schema(
        {
            # Of what is required, the frontend would choose the first by itself.
            vol.Optional(CONF_CERTIFICATE): SelectSelector(
                SelectSelectorConfig(
                    options=[root.label for root in offered],
                    # Only with this can the list be searched.
                    custom_value=True,
                    mode=SelectSelectorMode.DROPDOWN,
                )
            )
        }
    )


def leavable(schema: vol.Schema) -> vol.Schema:
    """Return the same form with a way back: the frontend has none."""
    fields: dict[Any, Any] = {vol.Required(CONF_BACK, default=False): BooleanSelector()}
    return schema.extend(fields)


def savable(schema: vol.Schema) -> vol.Schema:
    """Return the same form with the choice to save without another check."""
    fields: dict[Any, Any] = {
        vol.Required(CONF_SAVE_UNCHECKED, default=False): BooleanSelector()
    }
    return schema.extend(fields)
