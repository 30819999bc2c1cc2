"""Formats money, weights, numbers and times for pages. The scripts' twin is
static/lib/format/format.js.
"""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_datetime, format_timedelta, get_timezone_name
from babel.numbers import format_decimal, get_currency_symbol

from farmlive.bilingual import Bilingual
from farmlive.clock import now_ms, parse_rfc3339
from farmlive.money import Money, decimals
from farmlive.pages.rendering.languages import LOCALES

# Grams in a jin, the pound in which fruit is bought in China.
JIN_G = 500
# Square metres in a mu, a fifteenth of a hectare.
MU_M2 = Decimal(10_000) / 15


class Formats:
    """Formats values in one language and the time zone of the settings."""

    def __init__(self, language: str, time_zone: str):
        self.language = language
        self.locale = LOCALES[language]
        self.zone = ZoneInfo(time_zone)

    def text(self, value: Bilingual | dict[str, str] | str | None) -> str:
        """Return a bilingual text in this language, or in the other one where this is empty."""
        if value is None or isinstance(value, str):
            return value or ""
        if isinstance(value, Bilingual):
            return value.in_language(self.language)
        other = "zh" if self.language == "en" else "en"
        return value.get(self.language) or value.get(other) or ""

    def money(self, value: Money | dict[str, Any]) -> str:
        """Return an amount with its sign, `¥29.90`."""
        amount = Money.model_validate(value)
        places = decimals(amount.currency)
        symbol = get_currency_symbol(amount.currency, locale=LOCALES["zh"])
        number = Decimal(amount.amount).scaleb(-places)
        pattern = "#,##0." + "0" * places if places else "#,##0"
        return f"{symbol}{format_decimal(number, format=pattern, locale=self.locale)}"

    def number(self, value: int) -> str:
        """Return a count, `1,204`."""
        return format_decimal(value, locale=self.locale)

    def weight(self, grams: int) -> str:
        """Return a weight: `2.5 kg`, in Chinese `5 斤（2.5 公斤）`; below a jin in grams."""
        if grams < JIN_G:
            return f"{grams} 克" if self.language == "zh" else f"{grams} g"
        kilograms = format_decimal(Decimal(grams) / 1000, format="#,##0.##", locale=self.locale)
        if self.language == "en":
            return f"{kilograms} kg"
        jin = format_decimal(Decimal(grams) / JIN_G, format="#,##0.##", locale=self.locale)
        return f"{jin} 斤（{kilograms} 公斤）"

    def kilograms(self, grams: int) -> str:
        """Return a harvest: `412 kg`, `412 公斤`; in whole kilograms from ten on."""
        # Half a kilogram up, as the scripts do.
        places = Decimal("0.1") if grams < 10_000 else Decimal(1)
        rounded = (Decimal(grams) / 1000).quantize(places, ROUND_HALF_UP)
        number = format_decimal(rounded, format="#,##0.#", locale=self.locale)
        return f"{number} 公斤" if self.language == "zh" else f"{number} kg"

    def area(self, m2: int) -> str:
        """Return an area: `2.1 ha`, in Chinese `32 亩`."""
        unit, name = (MU_M2, "亩") if self.language == "zh" else (Decimal(10_000), "ha")
        number = Decimal(m2) / unit
        pattern = "#,##0.##" if number < 1 else "#,##0.#"
        return f"{format_decimal(number, format=pattern, locale=self.locale)} {name}"

    def clock(self, when: int | str) -> str:
        """Return the time of day, `20:14`."""
        return format_datetime(self._moment(when), "HH:mm", locale=self.locale)

    def day(self, when: int | str) -> str:
        """Return the day, `Mon 23 November` or `11月23日 周一`."""
        pattern = "M月d日 EEE" if self.language == "zh" else "EEE d MMMM"
        moment = self._moment(when)
        if moment.year != self._moment(now_ms()).year:
            pattern = "y年M月d日" if self.language == "zh" else "d MMMM y"
        return format_datetime(moment, pattern, locale=self.locale)

    def moment(self, when: int | str) -> str:
        """Return day and time; today without the day."""
        today = self._moment(now_ms()).date()
        if self._moment(when).date() == today:
            word = "今天" if self.language == "zh" else "today"
            return f"{word} {self.clock(when)}"
        return f"{self.day(when)} {self.clock(when)}"

    def date_time(self, when: int | str) -> str:
        """Return day, year and time, for stored facts: `23 November 2026, 20:14`."""
        pattern = "y年M月d日 HH:mm" if self.language == "zh" else "d MMMM y, HH:mm"
        return format_datetime(self._moment(when), pattern, locale=self.locale)

    def zone_name(self) -> str:
        """Return the name of the time zone: `China Time`, `中国时间`."""
        return str(get_timezone_name(self.zone, locale=self.locale))

    def ago(self, when: int | str) -> str:
        """Return the distance to now, `in 3 minutes` or `3分钟后`."""
        distance = timedelta(milliseconds=self._ms(when) - now_ms())
        return format_timedelta(distance, add_direction=True, locale=self.locale)

    def iso(self, when: int | str) -> str:
        """Return the time for a `datetime` attribute, in the zone of the pages."""
        return self._moment(when).isoformat(timespec="seconds")

    def duration(self, ms: int) -> str:
        """Return a length of time, `1:02:10`."""
        minutes, seconds = divmod(max(0, ms) // 1000, 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"

    @staticmethod
    def _ms(when: int | str) -> int:
        return parse_rfc3339(when) if isinstance(when, str) else when

    def _moment(self, when: int | str) -> datetime:
        return datetime.fromtimestamp(self._ms(when) / 1000, UTC).astimezone(self.zone)
