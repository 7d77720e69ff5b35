"""Every shipped register map: what it says is in the catalogue, and what real units answered decodes by it."""

from __future__ import annotations

from datetime import date

import pytest

from edge_agent.contract.catalogue import DEVICE_CLASSES
from edge_agent.contract.readings import Quality
from edge_agent.core.commissioning import Commissioning
from edge_agent.core.decode import Raw, decode, value_of
from edge_agent.core.profile import Address, Point, Profile, Table, WordType
from edge_agent.core.writing import is_forbidden, writable
from edge_agent.profiles.load import FOLDER, installed_profile, load_profile, profile, shipped_profiles

FIRST_TWELVE = {
    *("danfoss_ekc202b", "danfoss_ekc202d", "danfoss_ekc204a1", "danfoss_akcc55", "eliwell_idplus_9xx", "evco_ev3"),
    *("carel_ir33plus", "xy_md02", "r4dcb08", "eastron_sdm120", "eastron_sdm230", "eastron_sdm630", "eastron_sdm72d"),
    *("chint_ddsu666", "chint_dtsu666", "waveshare_relay_8ch", "intesis_ac", "coolmasternet"),
}
SECOND_WAVE = {
    *("daikin_dta116a51", "onokom_air", "pzem_016", "acrel_adw300", "schneider_iem3155", "abb_b23"),
    *("carlo_gavazzi_em340", "advantech_adam4150", "wellpro_wp8028adam", "apc_nmc2", "danfoss_erc211"),
    *("danfoss_erc213", "danfoss_erc214", "melcobems_a1m", "haier_ycj_a002"),
}
EVERY = pytest.mark.parametrize("shipped", [pytest.param(profile(each), id=each) for each in shipped_profiles()])


def covers(point: Point, words: dict[int, int]) -> bool:
    return all(point.address.number + offset in words for offset in range(point.type.words))


def test_the_first_twelve_and_the_second_wave_are_shipped() -> None:
    assert {*FIRST_TWELVE, *SECOND_WAVE} <= set(shipped_profiles())


@EVERY
def test_it_is_filed_under_its_class(shipped: Profile) -> None:
    stem, _, variant = shipped.id.partition(".")
    assert shipped_profiles()[shipped.id] == FOLDER / shipped.device_class / f"{stem}.yaml"
    assert load_profile(shipped_profiles()[shipped.id], variant).label == shipped.label


@EVERY
def test_its_points_are_in_the_catalogue(shipped: Profile) -> None:
    known = DEVICE_CLASSES[shipped.device_class].points
    assert {*shipped.points, *shipped.derived} <= set(known)
    for point in shipped.points.values():
        assert (known[point.name].type == "flag") == (point.type is WordType.FLAG)
    assert {*shipped.writes} <= set(known)


@EVERY
def test_its_words_are_canonical(shipped: Profile) -> None:
    known = DEVICE_CLASSES[shipped.device_class].points
    for point in shipped.points.values():
        assert set(point.words.values()) <= known[point.name].words


@EVERY
def test_its_vectors_decode(shipped: Profile) -> None:
    assert shipped.evidence.vectors
    for vector in shipped.evidence.vectors:
        assert value_of(shipped.points[vector.point], vector.words, vector.factor).value == vector.value, vector


@EVERY
def test_it_is_proven_only_by_what_a_real_unit_answered(shipped: Profile) -> None:
    assert shipped.evidence.proven == (shipped.id == "danfoss_ekc202b")
    for capture in shipped.evidence.captures:
        captured = [point for point in shipped.points.values() if covers(point, capture.words)]
        assert len(captured) >= 10
        for point in captured:
            words = [capture.words[point.address.number + offset] for offset in range(point.type.words)]
            assert value_of(point, words).quality is Quality.GOOD, point.name


@EVERY
def test_no_two_points_are_the_same_place(shipped: Profile) -> None:
    places = [(point.address, point.type) for point in shipped.points.values()]
    assert len(places) == len(set(places))


@EVERY
def test_a_temperature_cannot_be_an_absent_probe(shipped: Profile) -> None:
    """The words that controllers give for a broken or missing probe have no value under any temperature."""
    for point in shipped.points.values():
        if point.name.startswith("temp") and point.type is WordType.I16:
            assert [value_of(point, [word]).value for word in (0x8000, 0x7FFF)] == [None, None], point.name


@EVERY
def test_an_unproven_map_is_read_only(shipped: Profile) -> None:
    assert bool(writable(shipped)) == (shipped.evidence.proven and bool(shipped.writes))
    done = Commissioning(by="Li", at=date(2026, 11, 20), profile_version=shipped.version, shown=())
    assert writable(shipped, done) == shipped.writes


@EVERY
def test_it_ships_with_grade_a_or_b_and_says_where_from(shipped: Profile) -> None:
    assert shipped.evidence.grade in {"A", "B"}
    assert len(shipped.evidence.source) > 20


@EVERY
def test_what_it_writes_is_bounded(shipped: Profile) -> None:
    """A number is never written without limits, and never where the profile forbids it."""
    for name, write in shipped.writes.items():
        address = write.address or shipped.points[name].address
        assert not is_forbidden(shipped, address.table, address.number), name
        if write.kind == "level" and name.startswith("sp"):
            assert write.limits.low is not None or write.limits.low_from, name


def test_no_two_profiles_are_called_alike() -> None:
    for language in ("zh", "en"):
        called = [getattr(profile(each).label, language) for each in shipped_profiles()]
        assert len(set(called)) == len(called)


def test_a_card_that_shifts_the_map_shifts_all_of_it() -> None:
    own, card = profile("danfoss_ekc202d"), profile("danfoss_ekc202d.wb_ref")
    assert {name: point.address.number + 10001 for name, point in own.points.items()} == {
        name: point.address.number for name, point in card.points.items()
    }
    assert card.writes["cmd.defrost_start"].address == Address(table=Table.HOLDING, number=11013)
    assert card.setup[0].address.number == 10105
    assert card.never_write[0].first == 12008


def test_units_behind_one_gateway_stand_a_stride_apart() -> None:
    first, third = (installed_profile("daikin_dta116a51", instance=number).points for number in (0, 2))
    assert (first["temp.room"].address.number, third["temp.room"].address.number) == (2004, 2016)
    assert (first["error_text"].address.number, third["error_text"].address.number) == (3600, 3604)
    command = installed_profile("daikin_dta116a51", instance=2).writes["power"].address
    assert command is not None
    assert command.number == 2006


def test_a_switch_of_the_installation_sets_the_scale() -> None:
    whole = installed_profile("intesis_ac", {"degrees_per_count": 1.0}).points["temp.room"]
    assert value_of(whole, [27]).value == 27.0
    assert value_of(profile("intesis_ac").points["temp.room"], [270]).value == 27.0


def test_a_gateway_that_has_lost_its_unit_tells_no_temperature() -> None:
    readings = decode(profile("intesis_ac"), {"temp.room": (270,), "error_code": (65535,)})
    assert {reading.point: reading.quality for reading in readings}["temp.room"] is Quality.NO_ANSWER


def test_the_ratio_of_the_transformers_is_multiplied_in() -> None:
    raw: dict[str, Raw] = {"p.total": (0x461C, 0x4000), "ct_ratio": (40,), "pt_ratio": (10,)}
    meter = profile("chint_dtsu666")
    assert {reading.point: reading.value for reading in decode(meter, raw)}["p.total"] == 40000.0
    assert decode(meter, {"p.total": (0x461C, 0x4000)})[0].quality is Quality.NO_ANSWER
    assert decode(meter, {"p.total": (0x461C, 0x4000)}, {"ct_ratio": 1.0, "pt_ratio": 1.0})[0].value == 1000.0


def test_the_alarm_flags_stand_in_another_order_on_each_danfoss_model() -> None:
    at = {
        model: {name: profile(model).points[name].address.number for name in ("alarm.high_temp", "alarm.door_open")}
        for model in ("danfoss_ekc202b", "danfoss_ekc202d", "danfoss_ekc204a1")
    }
    assert at == {
        "danfoss_ekc202b": {"alarm.high_temp": 20003, "alarm.door_open": 20005},
        "danfoss_ekc202d": {"alarm.high_temp": 20004, "alarm.door_open": 20006},
        "danfoss_ekc204a1": {"alarm.high_temp": 20004, "alarm.door_open": 20007},
    }


def test_every_refrigeration_case_tells_whether_it_defrosts() -> None:
    for each in shipped_profiles():
        if profile(each).device_class == "refrigeration_case":
            assert "defrost.active" in {*profile(each).points, *profile(each).derived}
