// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IDelegation} from "./IDelegation.sol";

/// @title The resource monitoring contract (RMSC) of a community.
/// @notice Homes submit one sealed reading per slot; the contract keeps the last L of each home, the last
/// one of each billing period (the anchor), the public keys, and the sealed alarms. It never sees a value
/// in the clear.
///
/// Words. A slot is floor(unix ms at the end of the sample period / sampleMs). A billing period is
/// floor(slot / slotsPerBilling). A key id is the Ethereum address of a public key. A point is 33 bytes,
/// compressed. A record is 293 bytes, packed, big-endian: slot u64, sequence u32, epoch u32, digest of the
/// extended data (32 bytes), envelope of the essential data (113 bytes), four points of 33 bytes (energy
/// imported, energy exported, water, peak power). Envelope and points together, 245 bytes, are the payload.
///
/// The digest of a record is keccak256(abi.encodePacked(home, slot, sequence, epoch, delegation,
/// keccak256(envelope), keccak256(points), extended)), with home an address, slot and delegation u64,
/// sequence and epoch u32. Delegation is 0 while the home's readings go to the community itself.
interface IResourceMonitoring is IDelegation {
    /// @notice The last record of a home in a billing period. It stands for every period p with
    /// period <= p < nextPeriod: the registers did not move on the chain in between.
    struct Anchor {
        bytes32 digest;
        uint64 slot;
        uint64 nextPeriod;
    }

    /// @notice L is from 1 to 10,000, T from 1 ms to 2^32 - 1 ms, and a billing period at most 366 days.
    error SettingOutOfRange(bytes32 name, uint256 given, uint256 least, uint256 most);
    error ZeroAddress(bytes32 name);
    error AlreadyAdmitted(address home);
    error NotAdmitted(address home);
    /// @notice The home is admitted but has not published an operation key since.
    error KeyNotPublished(address home);
    /// @notice The length of a field: what came, and what it must be.
    error WrongLength(bytes32 field, uint256 given, uint256 expected);
    error LengthsDiffer(uint256 first, uint256 second);
    /// @notice `records` must be 1 to `most` records of `each` bytes.
    error RecordsLength(uint256 given, uint256 each, uint256 most);
    error SlotNotRising(uint64 given, uint64 newest);
    error SequenceNotRising(uint32 given, uint32 newest);
    /// @notice The slot is further ahead of the block's time than clocks may differ.
    error SlotAhead(uint64 given, uint64 furthest);
    error SlotTooOld(uint64 given, uint64 oldest);
    /// @notice A record may be sealed to the current epoch, or to an earlier one up to its `lastSlot`.
    error EpochNotAccepted(uint32 given, uint32 current, uint64 lastSlot);
    /// @notice The reading of this slot, or this alarm, must be sealed to the key with the id `expected`.
    error WrongRecipient(address given, address expected);
    error EpochNotNext(uint32 given, uint32 expected);
    error NoCommunityKey();
    /// @notice The community's EIP-712 signature over the operation key was made by another account.
    error NotSignedByCommunity(address signer, address community);
    error DelegationUnknown(uint64 given);
    /// @notice Nothing is kept at this index: either it was never written or L newer ones replaced it.
    error NoRecord(address home, uint256 index);
    /// @notice An alarm is sealed to its number, so the number must be the next one.
    error AlarmNumber(uint64 given, uint64 next);
    error NoHomes();
    error TotalAlreadyPublished(uint64 period);
    /// @notice Homes must be listed in rising order of address, which shows that none counts twice.
    error HomesNotRising(uint256 index);
    error SlotNotSubmitted(address home, uint64 slot);
    error AlreadyVoid(address home, uint64 slot);

    event CommunitySet(address indexed community);
    event CommunityKeysAnnounced(uint32 indexed epoch, bytes operationKey, bytes delegationBase);
    event HomeAdmitted(address indexed home, bytes32 peerKey);
    event HomeRevoked(address indexed home);
    event OperationKeyPublished(
        address indexed home, uint32 indexed epoch, uint64 delegation, bytes key, bytes proof
    );
    event Reading(
        address indexed home,
        uint64 indexed slot,
        uint32 sequence,
        uint32 epoch,
        uint64 delegation,
        bytes32 extended,
        bytes payload
    );
    event AnchorKept(address indexed home, uint64 indexed period, uint64 slot, bytes32 digest);
    /// @notice An alarm of the community about a home; the sender in its sealed bytes is the community's
    /// account. Delegation is 0 when it is sealed to the home's own key, else the delegatee reads it.
    event Alarm(
        address indexed home, uint64 indexed number, uint32 epoch, uint64 delegation, bytes envelope
    );
    /// @notice An alarm of a home about itself, numbered per home; the sender in its sealed bytes is the
    /// home.
    event OwnAlarm(
        address indexed home, uint64 indexed number, uint32 epoch, uint64 delegation, bytes envelope
    );
    event TotalPublished(uint64 indexed period, address[] homes, uint64[3] totals, uint256[3] blindings);
    event ReadingVoided(address indexed home, uint64 indexed slot, bytes kemPoint, bytes proof);

    // ---- What the manager does (roles by the AccessManager)

    /// @notice Sets the account whose EIP-712 signatures count as the community's.
    function setCommunity(address community_) external;

    /// @notice Announces the keys of an epoch: the first may be any, each later one is the next number.
    /// Readings of slots up to `graceSlots` after this moment's may be sealed to the epoch before, however
    /// late they arrive: a home that was cut off for several epochs loses none.
    function announceKeys(uint32 epoch, bytes calldata operationKey_, bytes calldata delegationBase) external;

    /// @notice Admits a home. `peerKey` is the Ed25519 public key of its libp2p peer id.
    function admit(address home, bytes32 peerKey) external;

    /// @notice Ends a membership, and the home's own delegation with it. History, anchors and counts stay; the
    /// home may be admitted again. A delegation to it is for the community to end.
    function revoke(address home) external;

    /// @notice Publishes sealed alarms, 177 bytes each. Alarm i gets the number `first + i`, to which it
    /// was sealed; `first` must be `nextAlarm()`, so that a call sent twice cannot raise an alarm twice.
    /// `recipients` are the key ids they were sealed to: each must be the one that `alarmRecipient` gives.
    function raiseAlarms(
        uint64 first,
        address[] calldata homes,
        address[] calldata recipients,
        bytes[] calldata envelopes
    ) external;

    /// @notice Publishes the community's totals of a period, once: Wh imported, Wh exported, mL, with their
    /// blindings. The sum over `homes` of V(anchor of the period) - V(anchor of the period before) must
    /// open to them: anybody checks it from the log. The contract keeps keccak256(abi.encode(homes, totals,
    /// blindings)).
    function publishTotal(
        uint64 period,
        address[] calldata homes,
        uint64[3] calldata totals,
        uint256[3] calldata blindings
    ) external;

    /// @notice Declares a reading void because its points do not hold what its envelope says: the KEM point
    /// with a 64-byte DLEQ proof lets anybody check that. A void record does not stand as an anchor: the
    /// one before does.
    function voidReading(address home, uint64 slot, bytes calldata kemPoint, bytes calldata proof) external;

    // ---- What a home does

    /// @notice Publishes the caller's operation key with the community's EIP-712 signature over
    /// OpKey(address sg,uint32 epoch,uint64 dlgId,bytes32 x,uint8 parity), parity 0 or 1 (even or odd y),
    /// domain {name "Meterhood", version "1", chainId, this contract}. `proof` (64 bytes) shows knowledge
    /// of m_sg. A delegatee publishes its key of a later epoch so, once, under the delegation's id.
    function publishKey(
        uint32 epoch,
        uint64 delegation,
        bytes calldata key,
        bytes calldata signature,
        bytes calldata proof
    ) external;

    /// @notice Submits 1 to 16 of the caller's own records, oldest first, all sealed to the key id
    /// `recipient`. Slot and sequence rise strictly. The cost does not depend on L, nor on the number of
    /// homes.
    function submit(address recipient, bytes calldata records) external;

    /// @notice Publishes a sealed alarm (177 bytes) of the caller; `number` must be `nextOwnAlarm(caller)`,
    /// `recipient` the key id that `alarmRecipient` gives for it.
    function raiseOwnAlarm(uint64 number, address recipient, bytes calldata envelope) external;

    // ---- What anybody reads

    /// @notice T, the sample period, in ms.
    function sampleMs() external view returns (uint64);

    /// @notice Slots of a billing period.
    function slotsPerBilling() external view returns (uint64);

    /// @notice L: how many records of each home are kept.
    function length() external view returns (uint32);

    /// @notice How far, in slots, clocks may differ: the larger of 64 slots and 60 s.
    function graceSlots() external view returns (uint64);

    /// @notice The slot and the billing period of the block's own time.
    function currentSlot() external view returns (uint64);

    function currentPeriod() external view returns (uint64);

    function community() external view returns (address);

    function currentEpoch() external view returns (uint32);

    /// @notice The announced keys of an epoch and the slot of their announcement; empty when never
    /// announced.
    function communityKeys(uint32 epoch)
        external
        view
        returns (bytes memory operationKey_, bytes memory delegationBase, uint64 fromSlot);

    function isAdmitted(address home) external view returns (bool);

    function peerKeyOf(address home) external view returns (bytes32);

    /// @notice The home's own operation key, to which alarms are sealed; empty when none.
    function operationKey(address home) external view returns (uint32 epoch, bytes memory key, address keyId);

    /// @notice The key id to which a record of this home, slot and epoch must be sealed, and the delegation
    /// that says so (0: none).
    function expectedRecipient(address home, uint64 slot, uint32 epoch)
        external
        view
        returns (address recipient, uint64 delegation);

    /// @notice Records that the home ever submitted.
    function count(address home) external view returns (uint64);

    function newest(address home) external view returns (uint64 slot, uint32 sequence, bytes32 digest);

    /// @notice Digest of the i-th newest record; 0 is the newest.
    function at(address home, uint256 i) external view returns (bytes32 digest);

    /// @notice Digest of the home's record by its number from 0, as long as it is among the last L.
    function recordAt(address home, uint64 number) external view returns (bytes32 digest);

    /// @notice Payload of the i-th newest record in the `storage` profile; empty in the `commitment`
    /// profile.
    function essentialAt(address home, uint256 i) external view returns (bytes memory payload);

    function anchor(address home, uint64 period)
        external
        view
        returns (bytes32 digest, uint64 slot, uint64 nextPeriod);

    /// @notice Whether the anchor of period `kept` stands for `period`: it is not void and nothing but void
    /// anchors (16 at most) lies between.
    function standsFor(address home, uint64 kept, uint64 period) external view returns (bool);

    function isVoid(address home, uint64 slot) external view returns (bool);

    function nextAlarm() external view returns (uint64);

    function nextOwnAlarm(address home) external view returns (uint64);

    function totalDigest(uint64 period) external view returns (bytes32);
}
