// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Delegation of a home's watch to a neighbour (processes 4 to 6), part of the RMSC.
/// @notice A home (the delegator) hands the controller function of its own home to another member (the
/// delegatee) for a window of slots: its readings, its alarms, or both are sealed to a key that the
/// community made for this delegation alone. The delegatee gets no other right: it submits nothing, ends a
/// membership of nobody, trades nothing in the delegator's name, and can hand the watch on to nobody,
/// since every delegation needs the consent of the home that is watched.
///
/// Functions: bit 0 readings, bit 1 alarms. Slots: from `fromSlot` up to, not including, `untilSlot`.
interface IDelegation {
    /// @notice What both parties consent to. `reward` is for all slots together, in micro-SCT; `terms` is
    /// keccak256 of the text that both have read. The id is given out by the community with the key.
    struct Terms {
        uint64 id;
        address delegator;
        address delegatee;
        uint8 functions;
        uint64 fromSlot;
        uint64 untilSlot;
        uint64 reward;
        bytes32 terms;
    }

    /// @notice An operation key with what vouches for it, as `publishKey` takes it.
    struct SignedKey {
        uint32 epoch;
        bytes key;
        bytes signature;
        bytes proof;
    }

    enum Reward {
        Escrowed,
        Claimed,
        Closed
    }

    /// @notice A delegation as it is kept. It counts for `lasted` slots from `fromSlot`; `slots` is the
    /// number that the parties agreed on, `reward` what of the escrow is still here.
    struct Delegation {
        address delegator;
        uint48 fromSlot;
        uint32 slots;
        uint8 functions;
        Reward state;
        address delegatee;
        uint64 reward;
        uint32 lasted;
    }

    error DelegationNumberOutOfRange(uint64 given, uint64 least, uint64 most);
    error DelegationExists(uint64 id);
    error OwnDelegatee(address home);
    error FunctionsUnknown(uint8 given);
    /// @notice The window is empty, over, longer than `most` slots, or begins more than `most` ahead.
    error WindowOutOfRange(uint64 fromSlot, uint64 untilSlot, uint64 current, uint64 most);
    /// @notice The consent was signed by another account than the party's, or for other terms.
    error NotConsented(address signer, address party);
    /// @notice A home has one delegation at a time.
    error StillDelegated(uint64 id, uint64 untilSlot);
    error DelegationOver(uint64 id, uint64 untilSlot);
    error DelegationNotOver(uint64 id, uint64 untilSlot);
    error NotAParty(address caller, uint64 id);
    error NotTheDelegatee(address caller, address delegatee);
    /// @notice A delegation has one operation key an epoch.
    error DelegationKeyed(uint64 id, uint32 epoch);
    error RewardSettled(uint64 id);
    error MoreThanLasted(uint32 given, uint32 lasted);
    /// @notice Neither the community nor the delegator signed this count and root.
    error NotWitnessed(address signer);
    error ClaimStillOpen(uint64 id, uint256 untilMs);

    event DelegationRegistered(
        uint64 indexed id,
        address indexed delegator,
        address indexed delegatee,
        uint8 functions,
        uint64 fromSlot,
        uint64 untilSlot,
        uint64 reward,
        bytes32 terms
    );
    /// @notice `untilSlot` is the first slot that is not delegated any more. An expiry needs no event.
    event DelegationEnded(uint64 indexed id, address indexed by, uint64 untilSlot);
    event RewardClaimed(uint64 indexed id, address indexed delegatee, uint32 count, bytes32 root, uint64 paid);
    event RewardReturned(uint64 indexed id, address indexed delegator, uint64 amount);

    /// @notice Registers a delegation: whoever holds both consents may call, once for an id. Consents are
    /// EIP-712 signatures over Delegation(uint64 id,address delegator,address delegatee,uint8 functions,
    /// uint64 fromSlot,uint64 untilSlot,uint64 reward,bytes32 terms). The key must be the delegatee's for
    /// this id, signed by the community. Begins at `fromSlot`, or with the next slot when that is later. The
    /// reward is drawn from the delegator, who must have allowed this contract to.
    function registerDelegation(
        Terms calldata terms,
        bytes calldata byDelegator,
        bytes calldata byDelegatee,
        SignedKey calldata key
    ) external;

    /// @notice Ends a delegation from the next slot on: the delegator, the delegatee or the community. It
    /// calls nobody, so that neither a paused token nor a frozen account can hold it up.
    function endDelegation(uint64 id) external;

    /// @notice Pays the delegatee, once, after the end: reward * count / slots. `count` is how many slots the
    /// delegatee acknowledged in time, `root` the Merkle root over its acknowledgements, and `witness` the
    /// EIP-712 signature of the community (who gets the acknowledgements as they come) or of the delegator
    /// over Watched(uint64 id,uint32 count,bytes32 root). The contract checks in constant cost that the
    /// delegatee calls, that the delegation is over, that count is at most the slots that it lasted, and
    /// who signed; that the signer counted rightly is shown by the acknowledgements under the root.
    function claimReward(uint64 id, uint32 count, bytes32 root, bytes calldata witness) external;

    /// @notice Returns the rest of the escrow to the delegator: after the claim, or when nothing was claimed
    /// within `claimMs()` of the end, or when the delegation ended before it began. Anybody may call.
    function returnReward(uint64 id) external;

    function delegationOf(uint64 id) external view returns (Delegation memory);

    /// @notice The newest delegation of a home, 0 when none, and its window.
    function newestDelegation(address home)
        external
        view
        returns (uint64 id, uint64 fromSlot, uint64 untilSlot);

    /// @notice The key of a delegation in an epoch: its id, empty when none, and the first slot it counts for.
    function delegationKey(uint64 id, uint32 epoch) external view returns (address keyId, uint64 fromSlot);

    /// @notice To whom an alarm about a home is sealed as of this block: key id, epoch, and the delegation
    /// that says so (0: the home's own key).
    function alarmRecipient(address home)
        external
        view
        returns (address recipient, uint32 epoch, uint64 delegation);

    /// @notice How long after the end a reward may be claimed before it may go back, in ms.
    function claimMs() external view returns (uint64);
}
