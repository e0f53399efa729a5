// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {DelegationRegistry} from "./DelegationRegistry.sol";
import {HomeRegistry} from "./HomeRegistry.sol";
import {Openings} from "./libraries/Openings.sol";
import {Records} from "./libraries/Records.sol";

/// @title What both profiles of the resource monitoring contract share.
/// @notice `submit` is the hot path. It checks the contract's own registry (the AccessManager costs 13.8k
/// gas a call), reads and writes one word of state per home and one word of the ring per record; a delegated
/// reading reads one word more.
abstract contract ResourceMonitoring is DelegationRegistry {
    using Records for bytes;

    uint256 private constant ALARM = 177;
    uint256 private constant MOST_LENGTH = 10_000;
    uint256 private constant MOST_VOID_ANCHORS = 16;

    uint64 public immutable slotsPerBilling;
    uint32 public immutable length;

    uint64 public nextAlarm = 1;
    mapping(address home => mapping(uint256 place => bytes32 digest)) private _ring;
    mapping(address home => mapping(uint64 period => Anchor)) private _anchors;
    mapping(address home => mapping(uint64 slot => bool)) public isVoid;
    mapping(address home => uint64) private _ownAlarms;
    mapping(uint64 period => bytes32) public totalDigest;

    constructor(
        address authority_,
        IERC20 token_,
        uint64 sampleMs_,
        uint64 slotsPerBilling_,
        uint32 length_
    ) HomeRegistry(authority_, sampleMs_) DelegationRegistry(token_) {
        _within("slotsPerBilling", slotsPerBilling_, type(uint32).max);
        _within("billingMs", uint256(sampleMs_) * slotsPerBilling_, 366 days * 1000);
        _within("length", length_, MOST_LENGTH);
        slotsPerBilling = slotsPerBilling_;
        length = length_;
    }

    // ---- Manager

    function raiseAlarms(
        uint64 first,
        address[] calldata homes,
        address[] calldata recipients,
        bytes[] calldata envelopes
    ) external restricted {
        if (homes.length != envelopes.length) revert LengthsDiffer(homes.length, envelopes.length);
        if (homes.length != recipients.length) revert LengthsDiffer(homes.length, recipients.length);
        if (homes.length == 0) revert NoHomes();
        if (first != nextAlarm) revert AlarmNumber(first, nextAlarm);
        nextAlarm = first + uint64(homes.length);
        for (uint256 i; i < homes.length; ++i) {
            (uint32 epoch, uint64 id) = _checkAlarm(homes[i], recipients[i], envelopes[i]);
            emit Alarm(homes[i], first + uint64(i), epoch, id, envelopes[i]);
        }
    }

    function publishTotal(
        uint64 period,
        address[] calldata homes,
        uint64[3] calldata totals,
        uint256[3] calldata blindings
    ) external restricted {
        if (totalDigest[period] != 0) revert TotalAlreadyPublished(period);
        if (homes.length == 0) revert NoHomes();
        for (uint256 i = 1; i < homes.length; ++i) {
            if (homes[i] <= homes[i - 1]) revert HomesNotRising(i);
        }
        totalDigest[period] = keccak256(abi.encode(homes, totals, blindings));
        emit TotalPublished(period, homes, totals, blindings);
    }

    function voidReading(address home, uint64 slot, bytes calldata kemPoint, bytes calldata proof)
        external
        restricted
    {
        if (slot == 0 || slot > _homes[home].slot) revert SlotNotSubmitted(home, slot);
        if (isVoid[home][slot]) revert AlreadyVoid(home, slot);
        if (proof.length != 64) revert WrongLength("proof", proof.length, 64);
        Openings.decompress(kemPoint);
        isVoid[home][slot] = true;
        emit ReadingVoided(home, slot, kemPoint, proof);
    }

    // ---- Homes

    function submit(address recipient, bytes calldata records) external {
        uint256 number = records.number();
        if (number == 0) revert RecordsLength(records.length, Records.RECORD, Records.MOST);
        Home memory home = _homes[msg.sender];
        if (!home.admitted) revert NotAdmitted(msg.sender);
        if (!home.keyed) revert KeyNotPublished(msg.sender);
        uint64 furthest = currentSlot() + graceSlots;
        for (uint256 i; i < number; ++i) {
            _accept(home, recipient, records.nth(i), furthest);
        }
        _homes[msg.sender] = home;
    }

    function raiseOwnAlarm(uint64 number, address recipient, bytes calldata envelope) external {
        uint64 next = _ownAlarms[msg.sender] + 1;
        if (number != next) revert AlarmNumber(number, next);
        _ownAlarms[msg.sender] = next;
        (uint32 epoch, uint64 id) = _checkAlarm(msg.sender, recipient, envelope);
        emit OwnAlarm(msg.sender, number, epoch, id, envelope);
    }

    // ---- Anybody

    function currentPeriod() external view returns (uint64) {
        return currentSlot() / slotsPerBilling;
    }

    function count(address home) external view returns (uint64) {
        return _homes[home].count;
    }

    function newest(address home) external view returns (uint64 slot, uint32 sequence, bytes32 digest) {
        Home memory state = _homes[home];
        return (state.slot, state.sequence, _ring[home][_place(home, 0)]);
    }

    function at(address home, uint256 i) external view returns (bytes32 digest) {
        return _ring[home][_place(home, i)];
    }

    function recordAt(address home, uint64 number) external view returns (bytes32 digest) {
        uint64 records = _homes[home].count;
        if (number >= records) revert NoRecord(home, number);
        return _ring[home][_place(home, records - 1 - number)];
    }

    function essentialAt(address home, uint256 i) external view virtual returns (bytes memory payload);

    function anchor(address home, uint64 period)
        external
        view
        returns (bytes32 digest, uint64 slot, uint64 nextPeriod)
    {
        Anchor memory kept = _anchors[home][period];
        return (kept.digest, kept.slot, kept.nextPeriod);
    }

    function standsFor(address home, uint64 kept, uint64 period) external view returns (bool) {
        Anchor memory standing = _anchors[home][kept];
        if (standing.digest == 0 || kept > period || isVoid[home][standing.slot]) return false;
        for (uint256 i; i <= MOST_VOID_ANCHORS; ++i) {
            if (period < standing.nextPeriod) return true;
            standing = _anchors[home][standing.nextPeriod];
            if (standing.digest == 0 || !isVoid[home][standing.slot]) return false;
        }
        return false;
    }

    function nextOwnAlarm(address home) external view returns (uint64) {
        return _ownAlarms[home] + 1;
    }

    // ---- What the profiles add

    /// @dev Keeps what the profile keeps of a payload beside its digest.
    function _keep(address home, uint256 place, bytes calldata payload) internal virtual;

    /// @dev The place in the ring of the i-th newest record of a home.
    function _place(address home, uint256 i) internal view returns (uint256) {
        uint64 records = _homes[home].count;
        if (i >= records || i >= length) revert NoRecord(home, i);
        return (records - 1 - i) % length;
    }

    // ---- Steps of a submission

    /// @dev Checks one record, keeps the anchor of the period that it closes, and writes it over the oldest
    /// record.
    function _accept(Home memory home, address recipient, bytes calldata record, uint64 furthest) private {
        (uint64 slot, uint32 sequence, uint32 epoch) = record.head();
        if (slot <= home.slot) revert SlotNotRising(slot, home.slot);
        if (sequence <= home.sequence && home.count != 0) revert SequenceNotRising(sequence, home.sequence);
        if (slot > furthest) revert SlotAhead(slot, furthest);
        (address expected, uint64 id) = _recipientOf(home, slot, epoch);
        if (recipient != expected) revert WrongRecipient(recipient, expected);
        _write(home, slot, record, id);
        home.slot = slot;
        home.sequence = sequence;
        ++home.count;
        emit Reading(msg.sender, slot, sequence, epoch, id, record.extended(), record.payload());
    }

    function _write(Home memory home, uint64 slot, bytes calldata record, uint64 id) private {
        bytes32 digest = record.digest(msg.sender, id);
        _keepAnchor(home, slot, digest);
        uint256 place = home.count % length;
        _ring[msg.sender][place] = digest;
        _keep(msg.sender, place, record.payload());
    }

    /// @dev The first record of a later period makes the newest record the anchor of its own period. The
    /// very first record of a home is the baseline of its first period, kept as the anchor of the period
    /// before. Slots rise, so no anchor is ever written twice.
    function _keepAnchor(Home memory home, uint64 slot, bytes32 digest) private {
        uint64 period = slot / slotsPerBilling;
        if (home.count == 0) {
            if (period == 0) revert SlotTooOld(slot, slotsPerBilling);
            _writeAnchor(period - 1, Anchor(digest, slot, period));
            return;
        }
        uint64 closed = home.slot / slotsPerBilling;
        if (closed == period) return;
        bytes32 last = _ring[msg.sender][(home.count - 1) % length];
        _writeAnchor(closed, Anchor(last, home.slot, period));
    }

    function _writeAnchor(uint64 period, Anchor memory kept) private {
        _anchors[msg.sender][period] = kept;
        emit AnchorKept(msg.sender, period, kept.slot, kept.digest);
    }

    // ---- Checks

    /// @dev Checks an alarm about a home and gives the epoch and the delegation of the key that it is sealed
    /// to.
    function _checkAlarm(address home, address recipient, bytes calldata envelope)
        private
        view
        returns (uint32 epoch, uint64 id)
    {
        if (envelope.length != ALARM) revert WrongLength("alarm", envelope.length, ALARM);
        address expected;
        (expected, epoch, id) = alarmRecipient(home);
        if (recipient != expected) revert WrongRecipient(recipient, expected);
    }
}
