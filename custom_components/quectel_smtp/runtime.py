"""What runs for one entry, and the type of an entry that it runs for."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

if TYPE_CHECKING:
    # All of these take the entry, by its type.
    from .account_check import AccountCheck
    from .coordinator import QuectelCoordinator
    from .delivery.courier.courier import Courier
    from .keeper import EntryKeeper
    from .month_of_data import MonthOfData
    from .test_report import TestReport


@dataclass(slots=True)
class RuntimeData:
    """What runs for one entry."""

    courier: Courier
    keeper: EntryKeeper
    coordinator: QuectelCoordinator
    check: AccountCheck
    month: MonthOfData
    report: TestReport


type QuectelConfigEntry = ConfigEntry[RuntimeData]
