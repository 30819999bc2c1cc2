"""Links: on the same reports, bursts and requests C estimates as Python does, at every step."""

import ctypes
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from farmlive.media.engine.python.link.link_estimate import LinkEstimate
from farmlive.media.engine.python.link.pace import join_plan
from farmlive.media.engine.python.link.packet_train import PacketTrain
from farmlive.media.engine.python.link.shared_delay import SharedDelay

SEEDS = some.integers(0, 2**32 - 1)
STATES = ("unknown", "wide", "narrow")
JOINS = ("group", "gently", "wait")
REPAIRS = ("send", "skip", "beyond", "refuse")


class CPace(ctypes.Structure):
    _fields_ = [
        ("busy_s", ctypes.c_double),
        ("busy_octets", ctypes.c_uint32),
        ("octets", ctypes.c_uint32),
        ("is_limited", ctypes.c_bool),
        ("tokens", ctypes.c_double),
        ("at", ctypes.c_double),
    ]


class CRepairBudget(ctypes.Structure):
    _fields_ = [
        ("octets", ctypes.c_double),
        ("at", ctypes.c_double),
        ("sent", ctypes.c_void_p),
    ]


class CLink(ctypes.Structure):
    """With room for what C keeps to itself."""

    _fields_ = [
        ("pace", CPace),
        ("repairs", CRepairBudget),
        ("controlled", ctypes.c_bool),
        ("state", ctypes.c_int),
        ("kbps", ctypes.c_double),
        ("steady_kbps", ctypes.c_double),
        ("found", ctypes.c_bool * 2),
        ("queue", ctypes.c_double * 8),
        ("rest", ctypes.c_double * 64),
    ]


@pytest.fixture(scope="session")
def c(native: ctypes.CDLL) -> ctypes.CDLL:
    at, real, truth, number = ctypes.c_void_p, ctypes.c_double, ctypes.c_bool, ctypes.c_int
    u16, u32 = ctypes.c_uint16, ctypes.c_uint32
    native.pace_join_plan.argtypes = [u32, real, truth, real]
    native.link_estimate_init.argtypes = [at, real, truth]
    native.link_estimate_clear.argtypes = [at]
    native.link_estimate_share.argtypes = [at, at]
    native.shared_delay_record.argtypes = [at, truth, real, ctypes.c_uint]
    native.shared_delay_record.restype = ctypes.c_uint
    native.shared_delay_is_shared.argtypes = [at]
    native.shared_delay_is_shared.restype = truth
    native.packet_train_init.argtypes = [at, real]
    native.packet_train_room.argtypes = [at, real]
    native.packet_train_room.restype = real
    native.packet_train_spent.argtypes = [at, u32]
    native.packet_train_spent.restype = truth
    native.packet_train_report_left.argtypes = [at, real]
    native.packet_train_measured.argtypes = [at, real, real]
    native.packet_train_pace_kbps.argtypes = [at, real]
    native.packet_train_pace_kbps.restype = real
    native.queue_meter_queue_of.argtypes = [at, real]
    native.queue_meter_queue_of.restype = real
    native.link_estimate_measured.argtypes = [at, real, real]
    native.link_estimate_measured_again.argtypes = [at, real]
    native.link_estimate_measuring.argtypes = [at, real]
    native.queue_meter_checked.argtypes = [at, real]
    native.queue_meter_checked.restype = real
    native.link_estimate_forget_route.argtypes = [at]
    native.link_estimate_probed.argtypes = [at, real]
    native.link_estimate_stepped_down.argtypes = [at, real]
    native.link_estimate_carried.argtypes = [at, real]
    native.link_estimate_wants_report.argtypes = [at, real]
    native.link_estimate_wants_report.restype = truth
    native.link_estimate_reported.argtypes = [at, u32, ctypes.c_int32, u32, real, real]
    native.link_estimate_begin_burst.argtypes = [at, u32, real]
    native.link_estimate_beyond.argtypes = [at, real, real]
    native.link_estimate_missed.argtypes = [at, number, u32, real, real]
    native.link_estimate_missed.restype = truth
    native.link_estimate_pace_kbps.argtypes = [at, real, truth]
    native.link_estimate_pace_kbps.restype = real
    native.pace_may_send.argtypes = [at, real, real, truth]
    native.pace_may_send.restype = real
    native.pace_spent.argtypes = [at, u32]
    native.repair_budget_is_new.argtypes = [at, u16]
    native.repair_budget_is_new.restype = truth
    native.link_estimate_repair.argtypes = [at, u16, u32, real, real, truth]
    return native


@given(SEEDS)
def test_joins_are_planned_alike(c: ctypes.CDLL, seed: int) -> None:
    draw = Random(seed)
    for _ in range(50):
        kbps, answers = draw.choice((500.0, 3_200.0, draw.uniform(1, 9_000))), draw.random() < 0.7
        octets, wait_s = draw.randrange(400_000), draw.choice((0.0, 0.3, draw.random() * 2))
        plan = JOINS[c.pace_join_plan(octets, kbps, answers, wait_s)]
        assert plan == join_plan(octets, kbps, answers, wait_s)


@given(SEEDS)
def test_a_link_is_estimated_alike(c: ctypes.CDLL, seed: int) -> None:
    """A link whose queue and loss come and go, with claims, requests and hostile numbers."""
    draw = Random(seed)
    now, controlled = draw.uniform(0, 1_000), draw.random() < 0.9
    native, python = CLink(), LinkEstimate(now, controlled)
    at = ctypes.byref(native)
    pace, repairs = ctypes.byref(native.pace), ctypes.byref(native.repairs)
    queue = ctypes.byref(native.queue)
    c.link_estimate_init(at, now, controlled)
    told = 0
    shared, others = SharedDelay(), ctypes.create_string_buffer(64)
    python.proof.shared_delay = shared
    c.link_estimate_share(at, others)
    highest, lost, octets, stream = draw.randrange(2**16), 0, draw.randrange(2**32), 1_600.0
    loss, rtt_s, sent = 0.0, 0.05, 0
    seen = set()
    for _ in range(400):
        now += draw.choice((0.004, 0.1, 0.4, 0.9, draw.random()))
        what = draw.randrange(16)
        if what == 0:
            loss = draw.choice((0.0, 0.0, 0.05, 0.2, 0.6))
            rtt_s = draw.choice((0.05, 0.05, 0.12, 0.3, 1.2))
        elif what == 1:
            measured = draw.choice((rtt_s, rtt_s, draw.random(), -1.0, 65_535.9))
            sent_at = now - draw.choice((measured, 0.0, 1.0))
            assert python.queue.queue_of(measured) == c.queue_meter_queue_of(queue, measured)
            python.measured(measured, sent_at)
            c.link_estimate_measured(at, measured, sent_at)
            if draw.random() < 0.5:
                again = draw.choice((0.06, measured, draw.random(), -1.0, float("nan")))
                python.measured_again(again)
                c.link_estimate_measured_again(at, again)
        elif what == 6 and controlled and draw.random() < 0.5:
            python.begin_burst(sent, now)
            c.link_estimate_begin_burst(at, sent, now)
        elif what == 6:
            python.measuring(now)
            c.link_estimate_measuring(at, now)
        elif what in (2, 3, 4, 5):
            packets = draw.choice((0, 150, 400, 70_000))
            highest, lost = (highest + packets) & 0xFFFFFFFF, lost + round(packets * loss)
            octets = (octets + packets * 1_100) & 0xFFFFFFFF
            stream = draw.choice((0.0, 1_600.0, stream, draw.uniform(0, 4_000)))
            shown = draw.choice((lost, lost, lost, -5, 0x7FFFFF))
            wants = c.link_estimate_wants_report(at, now)
            assert wants == python.wants_report(now)
            python.reported(highest, shown, octets, stream, now)
            c.link_estimate_reported(at, highest, shown, octets, stream, now)
        elif what == 7:
            # What other viewers report.
            for _ in range(draw.choice((1, 12))):
                is_long = draw.random() < 0.4
                counted = draw.choice((0, told))
                told = shared.record(is_long, now, counted)
                assert c.shared_delay_record(others, is_long, now, counted) == told
        elif what == 8 and draw.random() < 0.2 and controlled:
            missing, sent = draw.randrange(150), sent + draw.choice((0, 20, 300))
            fell = c.link_estimate_missed(at, missing, sent, 3_200.0, now)
            assert fell == python.missed(missing, sent, 3_200.0, now)
        elif what in (12, 13, 14):
            round_trip_s = rtt_s * draw.uniform(0.9, 1.3)
            queue_s = c.queue_meter_checked(queue, round_trip_s)
            assert queue_s == python.queue.checked(round_trip_s)
        elif what == 15:
            kind, kbps = draw.randrange(4), draw.uniform(100, 4_000)
            if kind == 0:
                python.probed(now)
                c.link_estimate_probed(at, now)
            elif kind == 3 and draw.random() < 0.3:
                python.stepped_down(now)
                c.link_estimate_stepped_down(at, now)
            elif kind == 1:
                python.carried(kbps)
                c.link_estimate_carried(at, kbps)
            elif draw.random() < 0.2:
                python.forget_route()
                c.link_estimate_forget_route(at)
        elif what == 8 and controlled and draw.random() < 0.1:
            python.beyond(3_200.0, now)
            c.link_estimate_beyond(at, 3_200.0, now)
        elif what in (9, 10):
            for _ in range(draw.randrange(20)):
                number, size = draw.randrange(300) + draw.choice((0, 65_000)), draw.randrange(1_400)
                alone = draw.random() < 0.2
                assert c.repair_budget_is_new(repairs, number) == bool(
                    python.repairs.count_new([number])
                )
                verdict = REPAIRS[c.link_estimate_repair(at, number, size, stream, now, alone)]
                assert verdict == python.repair(number, size, stream, now, alone)
        else:
            gently = draw.random() < 0.3
            kbps = python.pace_kbps(stream, gently)
            assert kbps == c.link_estimate_pace_kbps(at, stream, gently)
            measures = draw.random() < 0.8
            room = python.pace.may_send(kbps, now, measures=measures)
            assert room == c.pace_may_send(pace, kbps, now, measures)
            size = draw.randrange(9_000)
            python.pace.spent(size)
            c.pace_spent(pace, size)
        assert STATES[native.state] == python.state
        assert native.kbps == python.kbps
        assert native.steady_kbps == python.steady_kbps
        assert c.shared_delay_is_shared(others) == shared.is_shared
        seen.add(python.state)
    c.link_estimate_clear(at)
    assert controlled or seen == {"wide"}


@given(SEEDS)
def test_trains_leave_and_are_measured_alike(c: ctypes.CDLL, seed: int) -> None:
    draw = Random(seed)
    now = draw.uniform(0, 1_000)
    native, python = ctypes.create_string_buffer(64), PacketTrain(now)
    c.packet_train_init(native, now)
    sent_at = 0.0
    for _ in range(200):
        now += draw.choice((0.0, 0.004, 0.5, draw.random()))
        what = draw.randrange(4)
        if what == 0:
            assert python.room(now) == c.packet_train_room(native, now)
        elif what == 1:
            octets = draw.choice((0, 1_200, 24_000, 40_000))
            assert python.spent(octets) == c.packet_train_spent(native, octets)
        elif what == 2:
            sent_at = now
            python.report_left(now)
            c.packet_train_report_left(native, now)
        else:
            at, queue_s = sent_at + draw.choice((0.0, 0.00001, 1.0)), draw.choice((0.001, 0.2))
            python.measured(queue_s, at)
            c.packet_train_measured(native, queue_s, at)
        assert python.pace_kbps(1_800.0) == c.packet_train_pace_kbps(native, 1_800.0)
