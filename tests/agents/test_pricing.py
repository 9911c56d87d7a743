"""What calls cost, by the files that come with Viva and by an operator's own."""

from decimal import Decimal
from pathlib import Path

import pytest

from agents.pricing import PriceFileError, Usage, load_prices

OWN = """
date = 2026-12-01
[[models]]
provider = "anthropic"
name = "claude"
input = 3
output = 15
cache_read = 0.3
cache_write = 3.75
[[models]]
provider = "anthropic"
name = "claude-small"
input = 1
output = 5
cache_read = 0.1
cache_write = 1.25
[[hearing]]
provider = "deepgram"
name = "nova"
minute = 0.006
[[voices]]
provider = "elevenlabs"
name = "eleven"
thousand = 0.05
"""


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    file = tmp_path / "prices.toml"
    file.write_text(OWN, encoding="utf-8")
    return file


def test_each_kind_of_token_has_its_own_price(own_file: Path) -> None:
    prices = load_prices(own_file)
    usage = Usage(tokens_in=1_000_000, tokens_out=100_000, tokens_cache_read=2_000_000, tokens_cache_write=400_000)
    # Three dollars read, one and a half written, sixty cents read from the cache, one and a half written to it.
    assert prices.of_tokens("anthropic", "claude-large-1", usage) == Decimal("6.6")
    assert prices.version == "2026-12-01"


def test_the_longest_name_that_fits_gives_the_price(own_file: Path) -> None:
    prices = load_prices(own_file)
    million = Usage(tokens_in=1_000_000)
    assert prices.of_tokens("anthropic", "claude-small-2026", million) == 1
    assert prices.of_tokens("anthropic", "claude-big", million) == 3
    assert prices.of_tokens("openai", "claude-small-2026", million) is None


def test_audio_costs_by_the_minute_and_a_voice_by_a_thousand_characters(own_file: Path) -> None:
    prices = load_prices(own_file)
    assert prices.of_amount("deepgram", "nova-3", 90.0, "seconds") == Decimal("0.009")
    assert prices.of_amount("elevenlabs", "eleven_flash_v2_5", 500, "characters") == Decimal("0.025")
    assert prices.of_amount("elevenlabs", "other", 500, "characters") is None


def test_the_prices_that_come_with_viva_know_the_models_of_every_tier() -> None:
    prices = load_prices()
    usage = Usage(tokens_in=1000, tokens_out=1000)
    costs = [
        prices.of_tokens("anthropic", model, usage)
        for model in ("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5")
    ]
    known = [cost for cost in costs if cost is not None]
    assert len(known) == 3
    assert known == sorted(known)
    assert prices.of_amount("deepgram", "flux-general-en", 60, "seconds")
    assert prices.of_amount("elevenlabs", "eleven_flash_v2_5", 1000, "characters") == Decimal("0.05")
    assert prices.of_amount("openai", "text-embedding-3-small", 1_000_000, "tokens") == Decimal("0.02")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("date = 2026-12-01\n[[models]]\nprovider = 'x'\n", "missing required field"),
        ("date = 2026-12-01\n[[modles]]\n", "unknown field"),
        ("date = 2026-12-01\n[[models]\n", "line 2"),
    ],
)
def test_a_file_that_is_none_says_what_is_wrong_and_where(tmp_path: Path, text: str, wrong: str) -> None:
    file = tmp_path / "mine.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(PriceFileError, match=r"mine\.toml") as caught:
        load_prices(file)
    assert wrong in str(caught.value)
    with pytest.raises(PriceFileError, match="cannot be read"):
        load_prices(tmp_path / "absent.toml")
