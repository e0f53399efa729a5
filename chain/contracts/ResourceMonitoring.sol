// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IResourceMonitoring} from "./interfaces/IResourceMonitoring.sol";
import {Openings} from "./libraries/Openings.sol";
import {Records} from "./libraries/Records.sol";

/// @title What both profiles of the resource monitoring contract share.
/// @notice `submit` is the hot path. It checks the contract's own registry (the AccessManager costs 13.8k
/// gas a call), reads and writes one word of state per home and one word of the ring per record.
abstract contract ResourceMonitoring is IResourceMonitoring, AccessManaged, EIP712 {
    using Records for bytes;

    uint256 private constant ALARM = 177;
    uint256 private constant MOST_LENGTH = 10_000;
    uint256 private constant MOST_VOID_ANCHORS = 16;
    bytes32 private constant OP_KEY_TYPE =
        keccak256("OpKey(address sg,uint32 epoch,uint64 dlgId,bytes32 x,uint8 parity)");

    /// @dev One word: all that a submission reads and writes of a home besides the ring.
    struct Home {
        uint64 slot;
        uint64 count;
        uint32 sequence;
        bool admitted;
        bool keyed;
    }

    /// @dev One word: the key that the community's readings are sealed to since `fromSlot`.
    struct Recipient {
        address keyId;
        uint32 epoch;
        uint64 fromSlot;
    }

    struct CommunityKeys {
        bytes operationKey;
        bytes delegationBase;
        uint64 fromSlot;
        address keyId;
    }

    struct OperationKey {
        bytes key;
        address keyId;
        uint32 epoch;
    }

    uint64 public immutable sampleMs;
    uint64 public immutable slotsPerBilling;
    uint64 public immutable graceSlots;
    uint32 public immutable length;

    address public community;
    uint64 public nextAlarm = 1;
    Recipient private _current;
    mapping(address home => Home) private _homes;
    mapping(address home => mapping(uint256 place => bytes32 digest)) private _ring;
    mapping(address home => mapping(uint64 period => Anchor)) private _anchors;
    mapping(address home => mapping(uint64 slot => bool)) public isVoid;
    mapping(address home => bytes32) public peerKeyOf;
    mapping(address home => uint64) private _ownAlarms;
    mapping(address home => OperationKey) private _operationKeys;
    mapping(uint32 epoch => CommunityKeys) private _communityKeys;
    mapping(uint64 period => bytes32) public totalDigest;

    constructor(address authority_, uint64 sampleMs_, uint64 slotsPerBilling_, uint32 length_)
        AccessManaged(authority_)
        EIP712("Meterhood", "1")
    {
        if (authority_ == address(0)) revert ZeroAddress("authority");
        _within("sampleMs", sampleMs_, type(uint32).max);
        _within("slotsPerBilling", slotsPerBilling_, type(uint32).max);
        _within("billingMs", uint256(sampleMs_) * slotsPerBilling_, 366 days * 1000);
        _within("length", length_, MOST_LENGTH);
        sampleMs = sampleMs_;
        slotsPerBilling = slotsPerBilling_;
        length = length_;
        uint64 minute = (60_000 + sampleMs_ - 1) / sampleMs_;
        graceSlots = minute > 64 ? minute : 64;
    }

    // ---- Manager

    function setCommunity(address community_) external restricted {
        if (community_ == address(0)) revert ZeroAddress("community");
        community = community_;
        emit CommunitySet(community_);
    }

    function announceKeys(uint32 epoch, bytes calldata operationKey_, bytes calldata delegationBase)
        external
        restricted
    {
        Recipient memory old = _current;
        if (old.keyId != address(0) && epoch != old.epoch + 1) revert EpochNotNext(epoch, old.epoch + 1);
        address keyId = Openings.keyId(Openings.decompress(operationKey_));
        Openings.decompress(delegationBase);
        uint64 fromSlot = currentSlot();
        _current = Recipient(keyId, epoch, fromSlot);
        _communityKeys[epoch] = CommunityKeys(operationKey_, delegationBase, fromSlot, keyId);
        emit CommunityKeysAnnounced(epoch, operationKey_, delegationBase);
    }

    function admit(address home, bytes32 peerKey) external restricted {
        if (home == address(0)) revert ZeroAddress("home");
        if (_homes[home].admitted) revert AlreadyAdmitted(home);
        _homes[home].admitted = true;
        peerKeyOf[home] = peerKey;
        emit HomeAdmitted(home, peerKey);
    }

    function revoke(address home) external restricted {
        _requireAdmitted(home);
        _homes[home].admitted = false;
        _homes[home].keyed = false;
        delete _operationKeys[home];
        emit HomeRevoked(home);
    }

    function raiseAlarms(uint64 first, address[] calldata homes, bytes[] calldata envelopes)
        external
        restricted
    {
        if (homes.length != envelopes.length) revert LengthsDiffer(homes.length, envelopes.length);
        if (homes.length == 0) revert NoHomes();
        if (first != nextAlarm) revert AlarmNumber(first, nextAlarm);
        nextAlarm = first + uint64(homes.length);
        for (uint256 i; i < homes.length; ++i) {
            emit Alarm(homes[i], first + uint64(i), _alarmEpoch(homes[i], envelopes[i]), envelopes[i]);
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

    function publishKey(
        uint32 epoch,
        uint64 delegation,
        bytes calldata key,
        bytes calldata signature,
        bytes calldata proof
    ) external {
        _requireAdmitted(msg.sender);
        _requireEpoch(epoch);
        if (!_delegationKnown(msg.sender, delegation)) revert DelegationUnknown(delegation);
        if (proof.length != 64) revert WrongLength("proof", proof.length, 64);
        Openings.Point memory point = Openings.decompress(key);
        _requireCommunitySignature(epoch, delegation, point, signature);
        _keepKey(msg.sender, delegation, OperationKey(key, Openings.keyId(point), epoch));
        emit OperationKeyPublished(msg.sender, epoch, delegation, key, proof);
    }

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

    function raiseOwnAlarm(uint64 number, bytes calldata envelope) external {
        uint64 next = _ownAlarms[msg.sender] + 1;
        if (number != next) revert AlarmNumber(number, next);
        _ownAlarms[msg.sender] = next;
        emit OwnAlarm(msg.sender, number, _alarmEpoch(msg.sender, envelope), envelope);
    }

    // ---- Anybody

    function currentSlot() public view returns (uint64) {
        return uint64((block.timestamp * 1000) / sampleMs);
    }

    function currentPeriod() external view returns (uint64) {
        return currentSlot() / slotsPerBilling;
    }

    function currentEpoch() external view returns (uint32) {
        return _current.epoch;
    }

    function communityKeys(uint32 epoch)
        external
        view
        returns (bytes memory operationKey_, bytes memory delegationBase, uint64 fromSlot)
    {
        CommunityKeys storage keys = _communityKeys[epoch];
        return (keys.operationKey, keys.delegationBase, keys.fromSlot);
    }

    function isAdmitted(address home) external view returns (bool) {
        return _homes[home].admitted;
    }

    function operationKey(address home)
        external
        view
        returns (uint32 epoch, bytes memory key, address keyId)
    {
        OperationKey storage kept = _operationKeys[home];
        return (kept.epoch, kept.key, kept.keyId);
    }

    function expectedRecipient(address home, uint64 slot, uint32 epoch)
        external
        view
        returns (address recipient, uint64 delegation)
    {
        return _expectedRecipient(home, slot, epoch);
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

    // ---- What the profiles and delegation add

    /// @dev Keeps what the profile keeps of a payload beside its digest.
    function _keep(address home, uint256 place, bytes calldata payload) internal virtual;

    /// @dev The key id that the reading of this home and slot must be sealed to, and the delegation behind
    /// it. It follows the slot of the reading, not the block that carries it.
    function _expectedRecipient(address, uint64 slot, uint32 epoch)
        internal
        view
        virtual
        returns (address recipient, uint64 delegation)
    {
        Recipient storage current = _current;
        if (epoch == current.epoch) {
            recipient = current.keyId;
            if (recipient == address(0)) revert NoCommunityKey();
            return (recipient, 0);
        }
        uint64 lastSlot;
        if (epoch < current.epoch) {
            lastSlot = _communityKeys[epoch + 1].fromSlot + graceSlots;
            if (slot <= lastSlot) recipient = _communityKeys[epoch].keyId;
        }
        if (recipient == address(0)) revert EpochNotAccepted(epoch, current.epoch, lastSlot);
    }

    /// @dev Whether the home may publish an operation key for this delegation; 0 is its own key for alarms.
    function _delegationKnown(address, uint64 delegation) internal view virtual returns (bool) {
        return delegation == 0;
    }

    /// @dev Keeps the operation key of a home for a delegation.
    function _keepKey(address home, uint64, OperationKey memory key) internal virtual {
        _operationKeys[home] = key;
        _homes[home].keyed = true;
    }

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
        (address expected, uint64 delegation) = _expectedRecipient(msg.sender, slot, epoch);
        if (recipient != expected) revert WrongRecipient(recipient, expected);
        _write(home, slot, record, delegation);
        home.slot = slot;
        home.sequence = sequence;
        ++home.count;
        emit Reading(
            msg.sender, slot, sequence, epoch, delegation, record.extended(), record.payload()
        );
    }

    function _write(Home memory home, uint64 slot, bytes calldata record, uint64 delegation) private {
        bytes32 digest = record.digest(msg.sender, delegation);
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

    function _requireAdmitted(address home) private view {
        if (!_homes[home].admitted) revert NotAdmitted(home);
    }

    /// @dev A key is published for the current epoch, or for the one before while homes still change over.
    function _requireEpoch(uint32 epoch) private view {
        _expectedRecipient(msg.sender, currentSlot(), epoch);
    }

    function _requireCommunitySignature(
        uint32 epoch,
        uint64 delegation,
        Openings.Point memory point,
        bytes calldata signature
    ) private view {
        bytes32 message =
            keccak256(abi.encode(OP_KEY_TYPE, msg.sender, epoch, delegation, point.x, uint8(point.y & 1)));
        address signer = ECDSA.recover(_hashTypedDataV4(message), signature);
        if (signer != community) revert NotSignedByCommunity(signer, community);
    }

    /// @dev Checks an alarm about a home and gives the epoch of the key that it must be sealed to.
    function _alarmEpoch(address home, bytes calldata envelope) private view returns (uint32) {
        if (envelope.length != ALARM) revert WrongLength("alarm", envelope.length, ALARM);
        Home memory state = _homes[home];
        if (!state.admitted) revert NotAdmitted(home);
        if (!state.keyed) revert KeyNotPublished(home);
        return _operationKeys[home].epoch;
    }

    function _within(bytes32 name, uint256 given, uint256 most) private pure {
        if (given == 0 || given > most) revert SettingOutOfRange(name, given, 1, most);
    }
}
