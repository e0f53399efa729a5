// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IQuota} from "./interfaces/IQuota.sol";
import {IResourceMonitoring} from "./interfaces/IResourceMonitoring.sol";
import {Openings} from "./libraries/Openings.sol";

/// @title Quotas of the homes and the excess over them.
contract Quota is IQuota, AccessManaged {
    uint8 private constant ENERGY = 1;
    uint8 private constant POWER = 2;
    uint8 private constant WATER = 3;
    uint8 private constant MOST_ROUNDS = 3;

    struct Revision {
        uint64 fromPeriod;
        uint64[3] contracted;
        uint64[3] allocated;
        bool closed;
    }

    /// @dev One word: the part of one home.
    struct Part {
        uint64 energyWh;
        uint64 powerW;
        uint64 waterMl;
        bool given;
    }

    struct Excess {
        uint64 amount;
        uint64 lastBlock;
        Status status;
        uint8 round;
        bytes32 peakDigest;
    }

    IResourceMonitoring public immutable monitoring;
    uint64 public immutable windowBlocks;

    uint64 public revisions;
    /// @dev Quota moved in a period bars a new division of that period: parts could fall below what was
    /// sold.
    uint64 private _firstFreePeriod;
    mapping(uint64 revision => Revision) private _revisions;
    uint64[] private _closed;
    mapping(uint64 revision => mapping(address home => Part)) private _parts;
    mapping(uint64 period => mapping(address home => int256[3])) private _moved;
    mapping(address home => mapping(uint64 period => mapping(uint8 resource => Excess))) private _excess;

    constructor(address authority_, IResourceMonitoring monitoring_, uint64 windowBlocks_)
        AccessManaged(authority_)
    {
        if (authority_ == address(0)) revert ZeroAddress("authority");
        if (address(monitoring_) == address(0)) revert ZeroAddress("monitoring");
        if (windowBlocks_ == 0) revert ZeroWindow();
        monitoring = monitoring_;
        windowBlocks = windowBlocks_;
    }

    // ---- Division

    function setCommunityContract(uint64 fromPeriod, uint64 energyWh, uint64 powerW, uint64 waterMl)
        external
        restricted
        returns (uint64 revision)
    {
        uint64 earliest = _earliestPeriod();
        if (fromPeriod < earliest) revert PeriodTooEarly(fromPeriod, earliest);
        revision = ++revisions;
        _revisions[revision].fromPeriod = fromPeriod;
        _revisions[revision].contracted = [energyWh, powerW, waterMl];
        emit CommunityContractSet(revision, fromPeriod, energyWh, powerW, waterMl);
    }

    function allocate(
        uint64 revision,
        address[] calldata homes,
        uint64[] calldata energyWh,
        uint64[] calldata powerW,
        uint64[] calldata waterMl
    ) external restricted {
        _open(revision);
        if (homes.length != energyWh.length) revert LengthsDiffer(homes.length, energyWh.length);
        if (homes.length != powerW.length) revert LengthsDiffer(homes.length, powerW.length);
        if (homes.length != waterMl.length) revert LengthsDiffer(homes.length, waterMl.length);
        for (uint256 i; i < homes.length; ++i) {
            _give(revision, homes[i], Part(energyWh[i], powerW[i], waterMl[i], true));
        }
    }

    function closeAllocation(uint64 revision) external restricted {
        Revision storage open = _open(revision);
        uint64 earliest = _earliestPeriod();
        if (open.fromPeriod < earliest) revert PeriodTooEarly(open.fromPeriod, earliest);
        for (uint8 i; i < 3; ++i) {
            if (open.allocated[i] != open.contracted[i]) {
                revert SumsDiffer(i + 1, open.allocated[i], open.contracted[i]);
            }
        }
        open.closed = true;
        _closed.push(revision);
        emit AllocationClosed(revision);
    }

    // ---- Exchange

    function move(address from, address to, uint64 period, uint8 resource, uint64 amount)
        external
        restricted
    {
        uint256 index = _index(resource);
        uint64 current = monitoring.currentPeriod();
        if (period != current && period != current + 1) revert PeriodNotOpen(period, current);
        if (from == to) revert SameHome(from);
        if (to == address(0)) revert ZeroAddress("to");
        if (amount == 0) revert NothingToMove();
        uint64 has = _quotaOf(from, period, index);
        if (has < amount) revert QuotaTooSmall(from, resource, has, amount);
        _moved[period][from][index] -= int256(uint256(amount));
        _moved[period][to][index] += int256(uint256(amount));
        if (period >= _firstFreePeriod) _firstFreePeriod = period + 1;
        emit QuotaMoved(from, to, period, resource, amount);
    }

    // ---- Excess

    function assertExcess(address home, uint64 period, uint8 resource, uint64 excess) external restricted {
        if (resource != ENERGY && resource != WATER) revert WrongResource(resource);
        (bytes32 digest, uint64 slot,) = monitoring.anchor(home, period);
        if (digest == 0 || slot / monitoring.slotsPerBilling() != period || monitoring.isVoid(home, slot)) {
            revert PeriodNotClosed(home, period);
        }
        _assert(home, period, resource, excess, 0);
    }

    function assertPeak(address home, uint64 period, uint64 number, uint64 excess) external restricted {
        _assert(home, period, POWER, excess, monitoring.recordAt(home, number));
    }

    function withdrawExcess(address home, uint64 period, uint8 resource) external restricted {
        Excess storage excess = _excess[home][period][resource];
        if (_statusOf(excess) != Status.Demanded) _requireStatus(excess, Status.Asserted);
        excess.status = Status.Void;
        emit ExcessVoid(home, period, resource, excess.amount);
    }

    function demandOpening(address home, uint64 period, uint8 resource) external {
        if (msg.sender != home) revert NotTheHome(msg.sender, home);
        Excess storage excess = _excess[home][period][resource];
        if (excess.status == Status.Asserted && _height() > excess.lastBlock) {
            revert WindowOver(excess.lastBlock);
        }
        _requireStatus(excess, Status.Asserted);
        excess.status = Status.Demanded;
        excess.lastBlock = _height() + windowBlocks;
        emit OpeningDemanded(home, period, resource, excess.lastBlock);
    }

    function openExcess(
        address home,
        uint64 period,
        uint8 resource,
        uint64 startPeriod,
        Record calldata start,
        Record calldata end,
        uint64 value,
        uint256 blinding
    ) external restricted {
        if (resource != ENERGY && resource != WATER) revert WrongResource(resource);
        Excess storage excess = _demanded(home, period, resource);
        if (!monitoring.standsFor(home, startPeriod, period - 1)) {
            revert AnchorDoesNotStand(home, startPeriod, period - 1);
        }
        if (!monitoring.standsFor(home, period, period)) revert AnchorDoesNotStand(home, period, period);
        _requireAnchor(home, startPeriod, start);
        _requireAnchor(home, period, end);
        uint8 quantity = resource == ENERGY ? Openings.IMPORT : Openings.WATER;
        Openings.Point memory used =
            Openings.subtract(_point(end.points, quantity), _point(start.points, quantity));
        if (!Openings.opens(quantity, used, value, blinding)) revert DoesNotOpen();
        _opened(excess, home, period, resource, value);
    }

    function openPeak(address home, uint64 period, Record calldata record, uint64 value, uint256 blinding)
        external
        restricted
    {
        Excess storage excess = _demanded(home, period, POWER);
        bytes32 shown = _digest(home, record);
        if (shown != excess.peakDigest) revert RecordDiffers(shown, excess.peakDigest);
        if (record.slot / monitoring.slotsPerBilling() != period) {
            revert SlotOutsidePeriod(record.slot, period);
        }
        if (monitoring.isVoid(home, record.slot)) revert ReadingIsVoid(home, record.slot);
        Openings.Point memory peak = _point(record.points, Openings.PEAK);
        if (!Openings.opens(Openings.PEAK, peak, value, blinding)) revert DoesNotOpen();
        _opened(excess, home, period, POWER, value);
    }

    function finalise(address home, uint64 period, uint8 resource) external {
        Excess storage excess = _excess[home][period][resource];
        bool demanded = excess.status == Status.Demanded;
        if (!demanded && excess.status != Status.Asserted) revert WrongStatus(excess.status, Status.Asserted);
        if (_height() <= excess.lastBlock) revert WindowOpen(excess.lastBlock);
        excess.status = demanded ? Status.Void : Status.Final;
        if (demanded) emit ExcessVoid(home, period, resource, excess.amount);
        else emit ExcessFinal(home, period, resource, excess.amount);
    }

    // ---- Anybody

    function communityContract(uint64 revision)
        external
        view
        returns (uint64 fromPeriod, uint64 energyWh, uint64 powerW, uint64 waterMl, bool closed)
    {
        Revision storage kept = _revisions[revision];
        uint64[3] memory contracted = kept.contracted;
        return (kept.fromPeriod, contracted[0], contracted[1], contracted[2], kept.closed);
    }

    function revisionAt(uint64 period) public view returns (uint64 revision) {
        uint256 low;
        uint256 high = _closed.length;
        while (low < high) {
            uint256 middle = (low + high) / 2;
            if (_revisions[_closed[middle]].fromPeriod <= period) low = middle + 1;
            else high = middle;
        }
        return low == 0 ? 0 : _closed[low - 1];
    }

    function quotaOf(address home, uint64 period)
        external
        view
        returns (uint64 energyWh, uint64 powerW, uint64 waterMl)
    {
        return (_quotaOf(home, period, 0), _quotaOf(home, period, 1), _quotaOf(home, period, 2));
    }

    function excessOf(address home, uint64 period, uint8 resource)
        external
        view
        returns (uint64 amount, Status status)
    {
        Excess storage excess = _excess[home][period][resource];
        return (excess.amount, _statusOf(excess));
    }

    function opens(
        uint8 quantity,
        bytes calldata plus,
        bytes calldata minus,
        uint64 value,
        uint256 blinding
    ) external view returns (bool) {
        Openings.Point memory point = Openings.decompress(plus);
        if (minus.length != 0) point = Openings.subtract(point, Openings.decompress(minus));
        return Openings.opens(quantity, point, value, blinding);
    }

    // ---- Steps

    /// @dev Height that windows are counted in.
    function _height() internal view virtual returns (uint64) {
        return uint64(block.number);
    }

    /// @dev The first period that a new division may touch: none that is over, none before the last
    /// division, none in which quota was already exchanged.
    function _earliestPeriod() private view returns (uint64 earliest) {
        earliest = monitoring.currentPeriod();
        if (_firstFreePeriod > earliest) earliest = _firstFreePeriod;
        uint256 closed = _closed.length;
        if (closed == 0) return earliest;
        uint64 last = _revisions[_closed[closed - 1]].fromPeriod;
        if (last > earliest) earliest = last;
    }

    function _open(uint64 revision) private view returns (Revision storage open) {
        open = _revisions[revision];
        if (revision == 0 || revision != revisions || open.closed) {
            revert RevisionNotOpen(revision, revisions);
        }
    }

    function _give(uint64 revision, address home, Part memory part) private {
        if (home == address(0)) revert ZeroAddress("home");
        if (_parts[revision][home].given) revert AlreadyAllocated(revision, home);
        _parts[revision][home] = part;
        _count(revision, ENERGY, part.energyWh);
        _count(revision, POWER, part.powerW);
        _count(revision, WATER, part.waterMl);
        emit QuotaAllocated(revision, home, part.energyWh, part.powerW, part.waterMl);
    }

    function _count(uint64 revision, uint8 resource, uint64 amount) private {
        Revision storage open = _revisions[revision];
        uint256 sum = uint256(open.allocated[resource - 1]) + amount;
        uint64 contracted = open.contracted[resource - 1];
        if (sum > contracted) revert SumsDiffer(resource, sum, contracted);
        open.allocated[resource - 1] = uint64(sum);
    }

    function _quotaOf(address home, uint64 period, uint256 index) private view returns (uint64) {
        Part memory part = _parts[revisionAt(period)][home];
        uint64 given = index == 0 ? part.energyWh : index == 1 ? part.powerW : part.waterMl;
        return uint64(uint256(int256(uint256(given)) + _moved[period][home][index]));
    }

    function _assert(address home, uint64 period, uint8 resource, uint64 amount, bytes32 peakDigest) private {
        if (amount == 0) revert NoExcess();
        if (revisionAt(period) == 0) revert NoQuota(period);
        Excess storage excess = _excess[home][period][resource];
        Status status = _statusOf(excess);
        if (status != Status.None && status != Status.Void) revert WrongStatus(status, Status.None);
        if (excess.round == MOST_ROUNDS) revert TooManyRounds(home, period, resource);
        uint64 lastBlock = _height() + windowBlocks;
        _excess[home][period][resource] =
            Excess(amount, lastBlock, Status.Asserted, excess.round + 1, peakDigest);
        emit ExcessAsserted(home, period, resource, amount, lastBlock);
    }

    function _demanded(address home, uint64 period, uint8 resource)
        private
        view
        returns (Excess storage excess)
    {
        excess = _excess[home][period][resource];
        if (excess.status == Status.Demanded && _height() > excess.lastBlock) {
            revert WindowOver(excess.lastBlock);
        }
        _requireStatus(excess, Status.Demanded);
    }

    function _opened(Excess storage excess, address home, uint64 period, uint8 resource, uint64 value)
        private
    {
        uint64 quota = _quotaOf(home, period, _index(resource));
        uint64 shown = value > quota ? value - quota : 0;
        if (shown != excess.amount) revert ExcessDiffers(excess.amount, shown);
        excess.status = Status.Opened;
        emit ExcessOpened(home, period, resource, shown, value);
    }

    function _statusOf(Excess storage excess) private view returns (Status) {
        Status status = excess.status;
        if (_height() <= excess.lastBlock) return status;
        if (status == Status.Asserted) return Status.Final;
        if (status == Status.Demanded) return Status.Void;
        return status;
    }

    function _requireStatus(Excess storage excess, Status expected) private view {
        Status status = _statusOf(excess);
        if (status != expected) revert WrongStatus(status, expected);
    }

    function _requireAnchor(address home, uint64 period, Record calldata record) private view {
        (bytes32 kept,,) = monitoring.anchor(home, period);
        bytes32 shown = _digest(home, record);
        if (shown != kept) revert RecordDiffers(shown, kept);
    }

    function _digest(address home, Record calldata record) private pure returns (bytes32) {
        if (record.points.length != 132) revert WrongLength("points", record.points.length, 132);
        return keccak256(
            abi.encodePacked(
                home,
                record.slot,
                record.sequence,
                record.epoch,
                record.delegation,
                record.envelopeHash,
                keccak256(record.points),
                record.extended
            )
        );
    }

    function _point(bytes calldata points, uint8 quantity) private view returns (Openings.Point memory) {
        uint256 from = uint256(quantity) * 33;
        return Openings.decompress(points[from:from + 33]);
    }

    function _index(uint8 resource) private pure returns (uint256) {
        if (resource < ENERGY || resource > WATER) revert ResourceUnknown(resource);
        return resource - 1;
    }
}
