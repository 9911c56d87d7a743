"""The production shape: valid compose, closed by default, with nothing undocumented."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from server.settings import load

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
LASTING = ("server", "postgres", "valkey", "minio")
ONCE = ("migrate", "bucket")


def validated(path: Path) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(path)]
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)


def secret(name: str) -> str:
    return "${" + name + ":?"


def test_compose_yaml_fits_the_compose_schema() -> None:
    done = validated(ROOT / "compose.yaml")
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schema_refuses_what_compose_does_not_know(tmp_path: Path) -> None:
    wrong = tmp_path / "compose.yaml"
    wrong.write_text(TEXT.replace("    command: [serve]", "    comand: [serve]"), encoding="utf-8")
    done = validated(wrong)
    assert done.returncode == 1
    assert "comand" in done.stdout


def test_every_part_of_the_production_shape_is_there() -> None:
    assert set(SERVICES) == {"server", "worker", "postgres", "valkey", "minio", "migrate", "bucket"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_is_pinned_by_a_tag(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.search(r":[\w.$:{}-]+$", image)
    assert not image.endswith(":latest")


@pytest.mark.parametrize("name", LASTING)
def test_what_others_wait_for_says_whether_it_is_well(name: str) -> None:
    check = SERVICES[name]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert check["retries"] >= 1


@pytest.mark.parametrize("name", ["server", "worker"])
def test_server_and_worker_wait_for_a_migrated_database_and_a_bucket(name: str) -> None:
    conditions = {other: wait["condition"] for other, wait in SERVICES[name]["depends_on"].items()}
    assert conditions == {
        "migrate": "service_completed_successfully",
        "bucket": "service_completed_successfully",
        "postgres": "service_healthy",
        "valkey": "service_healthy",
        "minio": "service_healthy",
    }


def test_only_the_server_is_published_and_on_loopback_alone() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["server"]
    assert all(port.startswith("127.0.0.1:") for port in published["server"])
    assert not any("network_mode" in service for service in SERVICES.values())


@pytest.mark.parametrize("name", ["postgres", "valkey", "minio"])
def test_what_keeps_data_has_a_volume_and_no_way_out(name: str) -> None:
    (volume,) = SERVICES[name]["volumes"]
    assert volume.partition(":")[0] in COMPOSE["volumes"]
    assert SERVICES[name]["networks"] == ["back"]
    assert COMPOSE["networks"]["back"]["internal"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_read_only_root_and_no_privileges(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


@pytest.mark.parametrize("name", [name for name in SERVICES if name not in ONCE])
def test_what_lasts_is_restarted_and_given_time_to_stop(name: str) -> None:
    assert SERVICES[name]["restart"] == "unless-stopped"
    assert int(SERVICES[name]["stop_grace_period"].removesuffix("s")) >= 20


def test_the_administrator_of_the_database_is_known_to_migrate_and_postgres_alone() -> None:
    holders = {name for name, service in SERVICES.items() if secret("VIVA_ADMIN_PASSWORD") in str(service)}
    assert holders == {"migrate", "postgres"}


def test_the_server_has_no_way_past_row_security() -> None:
    environment = SERVICES["server"]["environment"]
    assert environment["DATABASE_URL"].startswith("postgresql://viva_app:")
    assert "viva_maintenance" not in str(environment)
    assert SERVICES["worker"]["environment"]["VIVA_MAINTENANCE_DATABASE_URL"].startswith(
        "postgresql://viva_maintenance:"
    )


def test_every_secret_stops_the_start_with_a_sentence_when_it_is_not_set() -> None:
    used = re.findall(r"(?<!\$)\$\{(\w+)(:?[-?]?)([^}]*)\}", TEXT)
    secrets = [(operator, sentence) for name, operator, sentence in used if re.search("PASSWORD|SECRET", name)]
    assert len(secrets) >= 5
    assert all(operator == ":?" and sentence.startswith("set it to ") for operator, sentence in secrets)


def test_every_variable_of_compose_is_in_the_operations_page() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = page.partition("## In production\n")[2].partition("\n### ")[0]
    documented = set(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE))
    assert set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT)) == documented


def test_the_settings_compose_gives_are_settings_that_viva_reads() -> None:
    given: dict[str, str] = {}
    for name in ("server", "worker", "migrate"):
        for variable, value in SERVICES[name]["environment"].items():
            filled = re.sub(r"\$\{\w+:-(.*?)\}", r"\1", value)
            given[variable] = re.sub(r"\$\{\w+:\?.*?\}", "0" * 64, filled)
    settings, sources = load({k: v for k, v in given.items() if not k.startswith("AWS_")}, None)
    assert settings.objects_url == "s3://viva"
    assert {field for field, source in sources.items() if source == "environment"} >= {
        "database_url",
        "maintenance_database_url",
        "owner_database_url",
        "app_password",
        "maintenance_password",
        "redis_url",
    }


def test_a_dotenv_made_for_compose_is_no_mistake_to_viva_run_beside_it(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    names = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    values = {"VIVA_PORT": "8100", "VIVA_LOG_LEVEL": "info", "VIVA_WORK_CONCURRENCY": "2", "VIVA_PUBLIC_URL": ""}
    lines = "".join(f"{name}={values.get(name, '0' * 64)}\n" for name in sorted(names))
    dotenv.write_text(lines, encoding="utf-8")
    assert load({}, dotenv)[0].port == 8100


def test_the_check_of_the_image_is_a_command_docker_can_read() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lists = re.findall(r"^\s*(?:CMD|ENTRYPOINT) (\[.*\])$", recipe, re.MULTILINE)
    assert len(lists) == 3
    check, *_ = (json.loads(found) for found in lists)
    assert check[:2] == ["python", "-c"]
    compile(check[2], "HEALTHCHECK", "exec")


def test_everything_the_image_copies_is_there_and_let_in() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").split() if line.startswith("!")}
    copied = [line.split()[1:-1] for line in recipe.splitlines() if re.match(r"COPY (?!--from)", line)]
    assert len(copied) >= 7
    for source in (source for line in copied for source in line):
        assert (ROOT / source).exists(), source
        assert source.split("/")[0] in let_in, source


def test_the_image_runs_as_an_ordinary_user_from_tagged_images() -> None:
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    final = recipe.rpartition("\nFROM ")[2]
    assert re.search(r"^USER viva$", final, re.MULTILINE)
    assert "/healthz" in final
    images = re.findall(r"^FROM (\S+)", recipe, re.MULTILINE)
    assert all(re.search(r":[\d.]+-", image) for image in images)
