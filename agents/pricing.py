"""What a call costs: a dated file of prices, and the arithmetic."""

import tomllib
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

Unit = Literal["seconds", "characters", "tokens"]

_PRICES = Path(__file__).parent / "prices"
_MILLION = Decimal(1_000_000)
_MICRO = Decimal("0.000001")
"""The ledger keeps six decimal places of a dollar."""


class PriceFileError(Exception):
    """A file of prices that cannot be read; says which and what is wrong."""

    def __init__(self, file: Path, wrong: str) -> None:
        super().__init__(f"{file.name}: {wrong}. Write it as in Viva's own file of prices, with amounts in USD.")


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens of one call. Those of the cache are not counted in `tokens_in`."""

    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cache_read: int = 0
    tokens_cache_write: int = 0


class _Priced(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    provider: str
    name: str
    """The beginning of the names of the models it is for."""


class ModelPrice(_Priced, frozen=True, kw_only=True):
    """USD a million tokens."""

    input: Decimal
    output: Decimal
    cache_read: Decimal
    cache_write: Decimal


class HearingPrice(_Priced, frozen=True, kw_only=True):
    """USD a minute of audio."""

    minute: Decimal


class VoicePrice(_Priced, frozen=True, kw_only=True):
    """USD a thousand characters."""

    thousand: Decimal


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    date: date
    models: list[ModelPrice] = []
    hearing: list[HearingPrice] = []
    voices: list[VoicePrice] = []


P = TypeVar("P", bound=_Priced)


class Prices:
    """The prices of one file. Each cost is in USD, or None where the price is not known."""

    def __init__(self, document: _Document) -> None:
        self._document = document

    @property
    def version(self) -> str:
        """The file's date, `2026-11-20`."""
        return self._document.date.isoformat()

    def of_tokens(self, provider: str, model: str, usage: Usage) -> Decimal | None:
        """What a language model's call costs."""
        price = _longest(self._document.models, provider, model)
        if price is None:
            return None
        total = (
            price.input * usage.tokens_in
            + price.output * usage.tokens_out
            + price.cache_read * usage.tokens_cache_read
            + price.cache_write * usage.tokens_cache_write
        )
        return (total / _MILLION).quantize(_MICRO)

    def of_amount(self, provider: str, model: str, amount: float, unit: Unit) -> Decimal | None:
        """What so many seconds heard, characters spoken, or tokens embedded cost."""
        if unit == "tokens":
            return self.of_tokens(provider, model, Usage(tokens_in=round(amount)))
        if unit == "seconds":
            heard = _longest(self._document.hearing, provider, model)
            rate = heard.minute / 60 if heard else None
        else:
            spoken = _longest(self._document.voices, provider, model)
            rate = spoken.thousand / 1000 if spoken else None
        return None if rate is None else (rate * Decimal(str(amount))).quantize(_MICRO)


def load_prices(file: Path | None = None) -> Prices:
    """An operator's own file, or the latest of those that come with Viva. Raises `PriceFileError`."""
    path = file or max(_PRICES.glob("*.toml"))
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        return Prices(msgspec.convert(document, _Document))
    except OSError as error:
        raise PriceFileError(path, f"it cannot be read ({type(error).__name__})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise PriceFileError(path, str(error)) from error


def _longest(prices: Iterable[P], provider: str, model: str) -> P | None:
    fitting = [price for price in prices if price.provider == provider and model.startswith(price.name)]
    return max(fitting, key=lambda price: len(price.name), default=None)
