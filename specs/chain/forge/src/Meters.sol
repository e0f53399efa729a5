// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQuota} from "@contracts/interfaces/IQuota.sol";
import {Openings} from "@contracts/libraries/Openings.sol";
import {vm} from "./Cheats.sol";
import {Commitments} from "./Commitments.sol";
import {Ledger} from "./Ledger.sol";

/// @title Readings of the homes, with commitments that open.
abstract contract Meters is Ledger {
    uint256 private constant CHOICES = 6;
    uint64 internal constant MIDDLE = SLOTS / 2;

    /// @dev A register: its value, its blinding and their commitment.
    struct Committed {
        uint64 value;
        uint256 blinding;
        Openings.Point point;
    }

    struct Reading {
        uint64 slot;
        uint32 sequence;
        bytes points;
        Committed energy;
        Committed water;
        uint64 peak;
        uint256 peakBlinding;
    }

    struct Meter {
        Reading last;
        uint64 count;
        uint64 lastAnchor;
        mapping(uint64 period => Reading) anchors;
        mapping(uint64 period => uint64) anchorBefore;
        mapping(uint64 period => Reading) middles;
        mapping(uint64 period => uint64) middleNumber;
    }

    uint64[CHOICES] private _used = [0, 5000, 7500, 9000, 12_000, 30_000];
    uint64[CHOICES] private _peaks = [0, 4000, 7000, 8500, 10_000, 15_000];
    Committed[CHOICES] private _energies;
    Committed[CHOICES] private _waters;
    Committed[CHOICES] private _powers;
    bytes private _nothing;
    mapping(uint256 home => Meter) internal meters;

    constructor() {
        for (uint256 i; i < CHOICES; ++i) {
            _energies[i] = _made(Openings.IMPORT, _used[i], 300 + i);
            _waters[i] = _made(Openings.WATER, _used[i], 400 + i);
            _powers[i] = _made(Openings.PEAK, _peaks[i], 500 + i);
        }
        _nothing = Commitments.compress(Commitments.commit(Openings.IMPORT, 0, 9));
        for (uint256 home; home < HOMES; ++home) {
            Reading memory first;
            first.slot = _period() * SLOTS;
            (first.energy, first.water) = (_energies[1], _waters[1]);
            _seal(first, 0);
            _submit(home, first);
            _anchor(home, _period() - 1, first);
        }
    }

    /// @dev The home meters the period before this one: its peak in the middle, its use at the end.
    function _meter(uint256 home, uint256 choice) internal returns (bool) {
        Meter storage meter = meters[home];
        uint64 period = _period() - 1;
        uint64 open = meter.last.slot / SLOTS;
        if (open > period || !monitoring.isAdmitted(homes[home])) return false;
        Reading memory reading = meter.last;
        reading.slot = period * SLOTS + MIDDLE;
        _seal(reading, choice / CHOICES % CHOICES);
        if (open != period) _anchor(home, open, meter.last);
        meter.middleNumber[period] = meter.count;
        _submit(home, reading);
        meter.middles[period] = reading;
        reading.slot = period * SLOTS + SLOTS - 1;
        reading.energy = _sum(reading.energy, _energies[choice % CHOICES]);
        reading.water = _sum(reading.water, _waters[choice % CHOICES]);
        _seal(reading, 0);
        _submit(home, reading);
        _anchor(home, period, reading);
        reading.slot = (period + 1) * SLOTS;
        _submit(home, reading);
        return true;
    }

    /// @dev What opens the use of a period: the anchor it counts from, the use and its blinding.
    function _use(uint256 home, uint64 period, uint8 resource)
        internal
        view
        returns (uint64 start, uint64 value, uint256 blinding)
    {
        Meter storage meter = meters[home];
        start = meter.anchorBefore[period];
        (Reading storage first, Reading storage last) = (meter.anchors[start], meter.anchors[period]);
        (Committed storage before, Committed storage later) =
            resource == 1 ? (first.energy, last.energy) : (first.water, last.water);
        (value, blinding) = (later.value - before.value, later.blinding - before.blinding);
    }

    function _record(Reading memory reading) internal pure returns (IQuota.Record memory record) {
        record.slot = reading.slot;
        record.sequence = reading.sequence;
        record.epoch = 1;
        record.envelopeHash = keccak256(new bytes(113));
        record.points = reading.points;
    }

    function _anchor(uint256 home, uint64 period, Reading memory reading) private {
        Meter storage meter = meters[home];
        meter.anchors[period] = reading;
        meter.anchorBefore[period] = meter.lastAnchor;
        meter.lastAnchor = period;
    }

    function _seal(Reading memory reading, uint256 peak) private view {
        Committed memory power = _powers[peak];
        (reading.peak, reading.peakBlinding) = (power.value, power.blinding);
        reading.points = abi.encodePacked(
            Commitments.compress(reading.energy.point),
            _nothing,
            Commitments.compress(reading.water.point),
            Commitments.compress(power.point)
        );
    }

    function _submit(uint256 home, Reading memory reading) private {
        Meter storage meter = meters[home];
        reading.sequence = uint32(++meter.count);
        bytes memory head = abi.encodePacked(reading.slot, reading.sequence, uint32(1), bytes32(0));
        vm.prank(homes[home]);
        monitoring.submit(recipient, abi.encodePacked(head, new bytes(113), reading.points));
        meter.last = reading;
    }

    function _made(uint8 quantity, uint64 value, uint256 blinding) private view returns (Committed memory) {
        return Committed(value, blinding, Commitments.commit(quantity, value, blinding));
    }

    function _sum(Committed memory a, Committed memory b) private view returns (Committed memory) {
        return
            Committed(a.value + b.value, a.blinding + b.blinding, Commitments.add(a.point, b.point));
    }
}
