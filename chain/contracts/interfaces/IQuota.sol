// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IResourceMonitoring} from "./IResourceMonitoring.sol";

/// @title What each home may use of each resource in a billing period, and who used more.
/// @notice The community's contract with its supplier (energy in Wh and water in mL of a billing period,
/// power in W at any moment) is divided among the homes by the manager, by the written rule; this contract
/// checks that the parts add up to the whole exactly. A division is called a revision and holds from a
/// period on.
///
/// Resources: 1 energy (imported), 2 power (the peak of one slot), 3 water.
///
/// An excess is asserted by the manager, after the period, and stands when its challenge window has passed.
/// Within the window the home may demand its opening: the manager then proves the number against the points
/// that the home itself put on the chain, within one more window, or the assertion is void. Windows are
/// counted in blocks. When it was the counterparty of a trade that demanded (through the market), the manager
/// or the home shows the number, whatever it is, or the excess is unproved: the home delivered nothing.
///
/// The subject of an excess is a resource (the whole period), or 16 + place: a loan of power (see
/// IQuotaMarket).
interface IQuota {
    enum Status {
        None,
        Asserted,
        Demanded,
        Opened,
        Final,
        Void,
        Unproved
    }

    /// @notice What a record's digest was made of, to show its points again (see IResourceMonitoring).
    struct Record {
        uint64 slot;
        uint32 sequence;
        uint32 epoch;
        uint64 delegation;
        bytes32 envelopeHash;
        bytes points;
        bytes32 extended;
    }

    error ZeroAddress(bytes32 name);
    error ZeroWindow();
    error ResourceUnknown(uint8 resource);
    error LengthsDiffer(uint256 first, uint256 second);
    /// @notice A revision cannot reach into a period that is over, nor before the revision it follows.
    error PeriodTooEarly(uint64 given, uint64 earliest);
    error RevisionNotOpen(uint64 revision, uint64 open);
    error AlreadyAllocated(uint64 revision, address home);
    /// @notice The parts of a resource do not add up to the community's contract, or already exceed it.
    error SumsDiffer(uint8 resource, uint256 allocated, uint256 contracted);
    error QuotaTooSmall(address home, uint8 resource, uint64 has, uint64 wanted);
    /// @notice Quota is exchanged in the current period or the next one.
    error PeriodNotOpen(uint64 given, uint64 current);
    error NoQuota(uint64 period);
    error NoExcess();
    /// @notice The home has no anchor for this period yet (or only a void one), so nothing could be opened.
    error PeriodNotClosed(address home, uint64 period);
    error TooManyRounds(address home, uint64 period, uint8 resource);
    error WrongStatus(Status status, Status expected);
    error WrongResource(uint8 given);
    error NotTheHome(address caller, address home);
    error WindowOver(uint256 lastBlock);
    error WindowOpen(uint256 lastBlock);
    /// @notice From the monitoring contract: it keeps no record of this number any more, or not yet.
    error NoRecord(address home, uint256 index);
    /// @notice The record shown is not the one that the chain keeps.
    error RecordDiffers(bytes32 shown, bytes32 kept);
    error WrongLength(bytes32 field, uint256 given, uint256 expected);
    error SlotOutsidePeriod(uint64 slot, uint64 period);
    error ReadingIsVoid(address home, uint64 slot);
    error AnchorDoesNotStand(address home, uint64 kept, uint64 period);
    /// @notice The number and its blinding do not open the commitment.
    error DoesNotOpen();
    error ExcessDiffers(uint64 asserted, uint64 shown);

    event CommunityContractSet(
        uint64 revision, uint64 fromPeriod, uint64 energyWh, uint64 powerW, uint64 waterMl
    );
    event QuotaAllocated(
        uint64 indexed revision, address indexed home, uint64 energyWh, uint64 powerW, uint64 waterMl
    );
    event AllocationClosed(uint64 revision);
    event QuotaMoved(
        address indexed from, address indexed to, uint64 indexed period, uint8 resource, uint64 amount
    );
    event ExcessAsserted(
        address indexed home, uint64 indexed period, uint8 indexed resource, uint64 excess, uint256 lastBlock
    );
    /// @notice `byMarket`: the counterparty of a trade demands it, not the home.
    event OpeningDemanded(
        address indexed home, uint64 indexed period, uint8 indexed resource, uint256 lastBlock, bool byMarket
    );
    /// @notice `value` is what the home used: Wh or mL of the period, W of the slot.
    event ExcessOpened(
        address indexed home, uint64 indexed period, uint8 indexed resource, uint64 excess, uint64 value
    );
    event ExcessFinal(address indexed home, uint64 indexed period, uint8 indexed resource, uint64 excess);
    /// @notice Nobody opened what a counterparty had demanded.
    event ExcessUnproved(
        address indexed home, uint64 indexed period, uint8 indexed resource, uint64 excess
    );
    event ExcessVoid(address indexed home, uint64 indexed period, uint8 indexed resource, uint64 excess);

    // ---- Division (manager)

    /// @notice Opens a revision: what the community may use from `fromPeriod` on. An open revision that was
    /// never closed is replaced. Until the new one is closed the one before holds.
    function setCommunityContract(uint64 fromPeriod, uint64 energyWh, uint64 powerW, uint64 waterMl)
        external
        returns (uint64 revision);

    /// @notice Gives homes their parts of the open revision, in as many calls as needed, each home once.
    function allocate(
        uint64 revision,
        address[] calldata homes,
        uint64[] calldata energyWh,
        uint64[] calldata powerW,
        uint64[] calldata waterMl
    ) external;

    /// @notice Makes the open revision hold. The parts must add up to the whole exactly, in every resource.
    function closeAllocation(uint64 revision) external;

    // ---- Excess

    /// @notice Asserts how much energy (Wh) or water (mL) the home used over its quota in a period. The
    /// anchor that closes the period must be on the chain, so that the number can be opened.
    function assertExcess(address home, uint64 period, uint8 resource, uint64 excess) external;

    /// @notice Asserts by how many W the home's peak exceeded its quota in one slot of the period: in its
    /// record `number` (see `IResourceMonitoring.recordAt`), which must still be among the last L and is
    /// kept here.
    function assertPeak(address home, uint64 period, uint64 number, uint64 excess) external;

    /// @notice Takes an assertion back: the manager found it wrong. Not while a counterparty waits for its
    /// opening.
    function withdrawExcess(address home, uint64 period, uint8 subject) external;

    /// @notice Demands the opening of an assertion about the caller, within its window.
    function demandOpening(address home, uint64 period, uint8 subject) external;

    /// @notice Opens a demanded excess of energy or water, by the manager or the home: `value` and `blinding`
    /// open V(end) - V(start), where end is the anchor of the period and start the anchor kept for
    /// `startPeriod`, which must stand for the period before. The excess must be exactly what was asserted,
    /// unless a counterparty demanded it.
    function openExcess(
        address home,
        uint64 period,
        uint8 resource,
        uint64 startPeriod,
        Record calldata start,
        Record calldata end,
        uint64 value,
        uint256 blinding
    ) external;

    /// @notice Opens a demanded excess of power, by the manager or the home: `value` and `blinding` open
    /// V_peak of the slot's record; the quota is what the home may use in that slot, with its loans.
    function openPeak(address home, uint64 period, Record calldata record, uint64 value, uint256 blinding)
        external;

    /// @notice The same for the loan in a place: what was lent later over that slot is cut first. When a
    /// counterparty demanded a record outside the window, or a void one, what was stated is final.
    function openLoan(
        address home,
        uint64 period,
        uint8 place,
        Record calldata record,
        uint64 value,
        uint256 blinding
    ) external;

    /// @notice Settles what time has decided; anybody may call: an assertion whose window passed is final,
    /// a demanded opening that never came makes it void, or unproved.
    function finalise(address home, uint64 period, uint8 subject) external;

    // ---- What anybody reads

    function monitoring() external view returns (IResourceMonitoring);

    function windowBlocks() external view returns (uint64);

    function revisions() external view returns (uint64);

    /// @notice The first period that a new division may touch: none that is over, none before the last
    /// division, none in which a lot was asked for.
    function earliestPeriod() external view returns (uint64);

    /// @notice The revision that holds in a period (0: none), found in O(log n) of the revisions.
    function revisionAt(uint64 period) external view returns (uint64 revision);

    function communityContract(uint64 revision)
        external
        view
        returns (uint64 fromPeriod, uint64 energyWh, uint64 powerW, uint64 waterMl, bool closed);

    /// @notice The home's part of the division that holds in the period, without exchanges, and the whole.
    function partOf(address home, uint64 period, uint8 resource)
        external
        view
        returns (uint64 part, uint64 whole);

    /// @notice Whether the home's last record of the period closes it: then its use can be opened.
    function metered(address home, uint64 period) external view returns (bool);

    /// @notice What the home may use in the period, sales included; loans of power count by the slot only:
    /// see `powerQuotaAt`.
    function quotaOf(address home, uint64 period)
        external
        view
        returns (uint64 energyWh, uint64 powerW, uint64 waterMl);

    /// @notice The excess and its status as of this block, whether or not `finalise` was called.
    function excessOf(address home, uint64 period, uint8 subject)
        external
        view
        returns (uint64 amount, Status status);

    /// @notice Whether value and blinding open the difference of two points (33 bytes each; an empty
    /// `minus` is zero) for a quantity: 0 energy imported, 1 exported, 2 water, 3 peak power.
    function opens(
        uint8 quantity,
        bytes calldata plus,
        bytes calldata minus,
        uint64 value,
        uint256 blinding
    ) external view returns (bool);
}
