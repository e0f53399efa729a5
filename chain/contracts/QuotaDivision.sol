// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IQuota} from "./interfaces/IQuota.sol";
import {IResourceMonitoring} from "./interfaces/IResourceMonitoring.sol";

/// @title The division of the community's contract among the homes.
abstract contract QuotaDivision is IQuota, AccessManaged {
    uint8 internal constant ENERGY = 1;
    uint8 internal constant POWER = 2;
    uint8 internal constant WATER = 3;

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

    IResourceMonitoring public immutable monitoring;

    uint64 public revisions;
    /// @dev Lots asked for in a period bar a new division of that period: parts could fall below what was
    /// sold, and forfeits are shared by them.
    uint64 private _firstFreePeriod;
    mapping(uint64 revision => Revision) private _revisions;
    uint64[] private _closed;
    mapping(uint64 revision => mapping(address home => Part)) private _parts;

    constructor(address authority_, IResourceMonitoring monitoring_) AccessManaged(authority_) {
        if (authority_ == address(0)) revert ZeroAddress("authority");
        if (address(monitoring_) == address(0)) revert ZeroAddress("monitoring");
        monitoring = monitoring_;
    }

    // ---- Manager

    function setCommunityContract(uint64 fromPeriod, uint64 energyWh, uint64 powerW, uint64 waterMl)
        external
        restricted
        returns (uint64 revision)
    {
        uint64 earliest = earliestPeriod();
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
        uint64 earliest = earliestPeriod();
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

    function earliestPeriod() public view returns (uint64 earliest) {
        earliest = monitoring.currentPeriod();
        if (_firstFreePeriod > earliest) earliest = _firstFreePeriod;
        uint256 closed = _closed.length;
        if (closed == 0) return earliest;
        uint64 last = _revisions[_closed[closed - 1]].fromPeriod;
        if (last > earliest) earliest = last;
    }

    function partOf(address home, uint64 period, uint8 resource)
        external
        view
        returns (uint64 part, uint64 whole)
    {
        uint256 index = _index(resource);
        return (_partOf(home, period, index), _revisions[revisionAt(period)].contracted[index]);
    }

    // ---- Steps

    /// @dev A period in which lots are asked for keeps its division.
    function _keepDivision(uint64 period) internal {
        if (period >= _firstFreePeriod) _firstFreePeriod = period + 1;
    }

    function _partOf(address home, uint64 period, uint256 index) internal view returns (uint64) {
        Part memory part = _parts[revisionAt(period)][home];
        return index == 0 ? part.energyWh : index == 1 ? part.powerW : part.waterMl;
    }

    function _index(uint8 resource) internal pure returns (uint256) {
        if (resource < ENERGY || resource > WATER) revert ResourceUnknown(resource);
        return resource - 1;
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
}
