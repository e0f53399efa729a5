// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {HomeRegistry} from "./HomeRegistry.sol";

/// @title Who watches whose home, until when, with which key, and for what reward.
/// @notice What `submit` needs of a delegation is in the home's own word (which, and until when) and in one
/// word a delegation and epoch (key id, from when); the rest is two words that only the parties' calls touch.
/// The token is the community's own: it reverts when it cannot pay, and calls nobody back.
abstract contract DelegationRegistry is HomeRegistry {
    uint8 private constant READINGS = 1;
    uint8 private constant ALARMS = 2;
    uint256 private constant MOST_MS = 366 days * 1000;
    bytes32 private constant DELEGATION_TYPE = keccak256(
        "Delegation(uint64 id,address delegator,address delegatee,uint8 functions,uint64 fromSlot,uint64 untilSlot,uint64 reward,bytes32 terms)"
    );
    bytes32 private constant WATCHED_TYPE = keccak256("Watched(uint64 id,uint32 count,bytes32 root)");

    uint64 public constant claimMs = 7 days * 1000;

    /// @dev One word: the key of a delegation in an epoch, from when it counts, and whether for readings.
    struct Watch {
        address keyId;
        uint48 fromSlot;
        bool readings;
    }

    IERC20 public immutable token;

    mapping(uint64 id => Delegation) private _delegations;
    mapping(uint64 id => mapping(uint32 epoch => Watch)) private _watches;

    constructor(IERC20 token_) {
        if (address(token_) == address(0)) revert ZeroAddress("token");
        token = token_;
    }

    // ---- The parties

    function registerDelegation(
        Terms memory terms,
        bytes calldata byDelegator,
        bytes calldata byDelegatee,
        SignedKey calldata key
    ) external {
        uint64 fromSlot = _checkTerms(terms);
        bytes32 message = keccak256(abi.encode(DELEGATION_TYPE, terms));
        _requireConsent(message, byDelegator, terms.delegator);
        _requireConsent(message, byDelegatee, terms.delegatee);
        _keep(terms, fromSlot);
        _requireEpoch(key.epoch);
        address keyId =
            _checkKey(terms.delegatee, key.epoch, terms.id, key.key, key.signature, key.proof);
        _watches[terms.id][key.epoch] = Watch(keyId, uint48(fromSlot), terms.functions & READINGS != 0);
        if (terms.reward != 0) token.transferFrom(terms.delegator, address(this), terms.reward);
    }

    function endDelegation(uint64 id) external {
        Delegation storage kept = _known(id);
        bool isParty = msg.sender == kept.delegator || msg.sender == kept.delegatee;
        if (!isParty && msg.sender != community) revert NotAParty(msg.sender, id);
        _end(id, kept);
    }

    function claimReward(uint64 id, uint32 count, bytes32 root, bytes calldata witness) external {
        Delegation storage kept = _known(id);
        if (msg.sender != kept.delegatee) revert NotTheDelegatee(msg.sender, kept.delegatee);
        if (kept.state != Reward.Escrowed) revert RewardSettled(id);
        uint64 untilSlot = _untilOf(kept);
        if (currentSlot() < untilSlot) revert DelegationNotOver(id, untilSlot);
        if (count > kept.lasted) revert MoreThanLasted(count, kept.lasted);
        address signer = _signerOf(keccak256(abi.encode(WATCHED_TYPE, id, count, root)), witness);
        if (signer != community && signer != kept.delegator) revert NotWitnessed(signer);
        uint64 paid = uint64(uint256(kept.reward) * count / kept.slots);
        kept.state = Reward.Claimed;
        kept.reward -= paid;
        emit RewardClaimed(id, msg.sender, count, root, paid);
        if (paid != 0) token.transfer(msg.sender, paid);
    }

    function returnReward(uint64 id) external {
        Delegation storage kept = _known(id);
        if (kept.state == Reward.Closed) revert RewardSettled(id);
        if (kept.state == Reward.Escrowed && kept.lasted != 0) {
            uint256 untilMs = uint256(_untilOf(kept)) * sampleMs + claimMs;
            if (block.timestamp * 1000 < untilMs) revert ClaimStillOpen(id, untilMs);
        }
        (uint64 amount, address delegator) = (kept.reward, kept.delegator);
        kept.state = Reward.Closed;
        kept.reward = 0;
        emit RewardReturned(id, delegator, amount);
        if (amount != 0) token.transfer(delegator, amount);
    }

    // ---- Anybody

    function delegationOf(uint64 id) external view returns (Delegation memory) {
        return _known(id);
    }

    function newestDelegation(address home)
        external
        view
        returns (uint64 id, uint64 fromSlot, uint64 untilSlot)
    {
        Home storage state = _homes[home];
        return (state.delegation, _delegations[state.delegation].fromSlot, state.delegatedUntil);
    }

    function delegationKey(uint64 id, uint32 epoch) external view returns (address keyId, uint64 fromSlot) {
        Watch memory watch = _watches[id][epoch];
        return (watch.keyId, watch.fromSlot);
    }

    function expectedRecipient(address home, uint64 slot, uint32 epoch)
        external
        view
        returns (address recipient, uint64 delegation)
    {
        return _recipientOf(_homes[home], slot, epoch);
    }

    function alarmRecipient(address home)
        public
        view
        returns (address recipient, uint32 epoch, uint64 delegation)
    {
        Home storage state = _homes[home];
        if (!state.admitted) revert NotAdmitted(home);
        if (!state.keyed) revert KeyNotPublished(home);
        uint64 slot = currentSlot();
        if (slot < state.delegatedUntil) {
            (delegation, epoch) = (state.delegation, _currentEpoch());
            Delegation storage kept = _delegations[delegation];
            if (kept.functions & ALARMS != 0 && slot >= kept.fromSlot) {
                recipient = _watches[delegation][epoch].keyId;
                // The delegatee may not have its key of a new epoch yet: the one before still is its own.
                if (recipient == address(0) && epoch != 0) recipient = _watches[delegation][--epoch].keyId;
                if (recipient != address(0)) return (recipient, epoch, delegation);
            }
        }
        OperationKey storage own = _operationKeys[home];
        return (own.keyId, own.epoch, 0);
    }

    // ---- Steps

    /// @dev The key id that the reading of this home and slot must be sealed to, and the delegation behind
    /// it. It follows the slot of the reading, not the block that carries it. While the delegatee has no key
    /// of an epoch, its readings go to the community alone.
    function _recipientOf(Home memory home, uint64 slot, uint32 epoch)
        internal
        view
        returns (address recipient, uint64 id)
    {
        recipient = _communityRecipient(slot, epoch);
        if (slot < home.delegatedUntil) {
            Watch memory watch = _watches[home.delegation][epoch];
            if (watch.readings && slot >= watch.fromSlot) return (watch.keyId, home.delegation);
        }
    }

    function _keepKey(uint64 id, uint32 epoch, bytes calldata key, address keyId) internal override {
        if (id == 0) return super._keepKey(id, epoch, key, keyId);
        Delegation storage kept = _delegations[id];
        if (kept.delegatee != msg.sender) revert DelegationUnknown(id);
        uint64 untilSlot = _untilOf(kept);
        uint64 fromSlot = currentSlot() + 1;
        if (fromSlot >= untilSlot) revert DelegationOver(id, untilSlot);
        Watch storage watch = _watches[id][epoch];
        if (watch.keyId != address(0)) revert DelegationKeyed(id, epoch);
        if (fromSlot < kept.fromSlot) fromSlot = kept.fromSlot;
        (watch.keyId, watch.fromSlot) = (keyId, uint48(fromSlot));
        watch.readings = kept.functions & READINGS != 0;
    }

    function _leave(address home) internal override {
        Home storage state = _homes[home];
        if (currentSlot() + 1 < state.delegatedUntil) {
            _end(state.delegation, _delegations[state.delegation]);
        }
    }

    /// @dev Checks terms, and gives the slot from which they count.
    function _checkTerms(Terms memory terms) private view returns (uint64 fromSlot) {
        if (terms.id == 0 || terms.id > type(uint48).max) {
            revert DelegationNumberOutOfRange(terms.id, 1, type(uint48).max);
        }
        if (_delegations[terms.id].delegator != address(0)) revert DelegationExists(terms.id);
        if (terms.delegator == terms.delegatee) revert OwnDelegatee(terms.delegator);
        if (terms.functions == 0 || terms.functions > READINGS | ALARMS) {
            revert FunctionsUnknown(terms.functions);
        }
        _requireAdmitted(terms.delegatee);
        Home storage home = _homes[terms.delegator];
        if (!home.admitted) revert NotAdmitted(terms.delegator);
        uint64 current = currentSlot();
        if (current < home.delegatedUntil) revert StillDelegated(home.delegation, home.delegatedUntil);
        return _checkWindow(terms.fromSlot, terms.untilSlot, current);
    }

    function _checkWindow(uint64 from, uint64 until, uint64 current) private view returns (uint64 fromSlot) {
        uint256 most = MOST_MS / sampleMs;
        if (most > type(uint32).max) most = type(uint32).max;
        fromSlot = from > current ? from : current + 1;
        if (from > current + most || until <= fromSlot || until - from > most) {
            revert WindowOutOfRange(from, until, current, uint64(most));
        }
    }

    function _requireConsent(bytes32 message, bytes calldata signature, address party) private view {
        address signer = _signerOf(message, signature);
        if (signer != party) revert NotConsented(signer, party);
    }

    function _keep(Terms memory terms, uint64 fromSlot) private {
        _delegations[terms.id] = Delegation({
            delegator: terms.delegator,
            fromSlot: uint48(fromSlot),
            slots: uint32(terms.untilSlot - terms.fromSlot),
            functions: terms.functions,
            state: Reward.Escrowed,
            delegatee: terms.delegatee,
            reward: terms.reward,
            lasted: uint32(terms.untilSlot - fromSlot)
        });
        Home storage home = _homes[terms.delegator];
        (home.delegation, home.delegatedUntil) = (uint48(terms.id), uint48(terms.untilSlot));
        emit DelegationRegistered(
            terms.id,
            terms.delegator,
            terms.delegatee,
            terms.functions,
            fromSlot,
            terms.untilSlot,
            terms.reward,
            terms.terms
        );
    }

    function _end(uint64 id, Delegation storage kept) private {
        uint64 untilSlot = _untilOf(kept);
        uint64 next = currentSlot() + 1;
        if (next >= untilSlot) revert DelegationOver(id, untilSlot);
        uint64 fromSlot = kept.fromSlot;
        untilSlot = next > fromSlot ? next : fromSlot;
        kept.lasted = uint32(untilSlot - fromSlot);
        _homes[kept.delegator].delegatedUntil = uint48(untilSlot);
        emit DelegationEnded(id, msg.sender, untilSlot);
    }

    function _known(uint64 id) private view returns (Delegation storage kept) {
        kept = _delegations[id];
        if (kept.delegator == address(0)) revert DelegationUnknown(id);
    }

    function _untilOf(Delegation storage kept) private view returns (uint64) {
        return uint64(kept.fromSlot) + kept.lasted;
    }
}
