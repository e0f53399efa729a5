// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IResourceMonitoring} from "./interfaces/IResourceMonitoring.sol";
import {Openings} from "./libraries/Openings.sol";

/// @title The homes of a community and the public keys of all.
abstract contract HomeRegistry is IResourceMonitoring, AccessManaged, EIP712 {
    bytes32 private constant OP_KEY_TYPE =
        keccak256("OpKey(address sg,uint32 epoch,uint64 dlgId,bytes32 x,uint8 parity)");

    /// @dev One word: all that a submission reads and writes of a home besides the ring. The newest
    /// delegation of the home is here with its end, so that a home that delegates nothing pays nothing.
    struct Home {
        uint64 slot;
        uint48 count;
        uint32 sequence;
        bool admitted;
        bool keyed;
        uint48 delegation;
        uint48 delegatedUntil;
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
    uint64 public immutable graceSlots;

    address public community;
    Recipient private _current;
    mapping(address home => Home) internal _homes;
    mapping(address home => bytes32) public peerKeyOf;
    mapping(address home => OperationKey) internal _operationKeys;
    mapping(uint32 epoch => CommunityKeys) private _communityKeys;

    constructor(address authority_, uint64 sampleMs_) AccessManaged(authority_) EIP712("Meterhood", "1") {
        if (authority_ == address(0)) revert ZeroAddress("authority");
        _within("sampleMs", sampleMs_, type(uint32).max);
        sampleMs = sampleMs_;
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
        _leave(home);
        _homes[home].admitted = false;
        _homes[home].keyed = false;
        delete _operationKeys[home];
        emit HomeRevoked(home);
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
        address keyId = _checkKey(msg.sender, epoch, delegation, key, signature, proof);
        _keepKey(delegation, epoch, key, keyId);
    }

    // ---- Anybody

    function currentSlot() public view returns (uint64) {
        return uint64((block.timestamp * 1000) / sampleMs);
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

    // ---- What delegation adds

    /// @dev A home is about to leave: what it delegated ends.
    function _leave(address home) internal virtual;

    /// @dev Keeps a key of the caller, which was checked: its own, or that of a delegation.
    function _keepKey(uint64 delegation, uint32 epoch, bytes calldata key, address keyId) internal virtual {
        if (delegation != 0) revert DelegationUnknown(delegation);
        _operationKeys[msg.sender] = OperationKey(key, keyId, epoch);
        _homes[msg.sender].keyed = true;
    }

    // ---- Checks

    /// @dev The id of the community's key for a slot and an epoch.
    function _communityRecipient(uint64 slot, uint32 epoch) internal view returns (address recipient) {
        Recipient storage current = _current;
        if (epoch == current.epoch) {
            recipient = current.keyId;
            if (recipient == address(0)) revert NoCommunityKey();
            return recipient;
        }
        uint64 lastSlot;
        if (epoch < current.epoch) {
            lastSlot = _communityKeys[epoch + 1].fromSlot + graceSlots;
            if (slot <= lastSlot) recipient = _communityKeys[epoch].keyId;
        }
        if (recipient == address(0)) revert EpochNotAccepted(epoch, current.epoch, lastSlot);
    }

    function _currentEpoch() internal view returns (uint32) {
        return _current.epoch;
    }

    /// @dev Checks an operation key of a home with what vouches for it, tells it, and gives its id.
    function _checkKey(
        address home,
        uint32 epoch,
        uint64 delegation,
        bytes calldata key,
        bytes calldata signature,
        bytes calldata proof
    ) internal returns (address keyId) {
        if (proof.length != 64) revert WrongLength("proof", proof.length, 64);
        Openings.Point memory point = Openings.decompress(key);
        bytes32 message =
            keccak256(abi.encode(OP_KEY_TYPE, home, epoch, delegation, point.x, uint8(point.y & 1)));
        address signer = _signerOf(message, signature);
        if (signer != community) revert NotSignedByCommunity(signer, community);
        emit OperationKeyPublished(home, epoch, delegation, key, proof);
        return Openings.keyId(point);
    }

    /// @dev Who signed an EIP-712 message of this contract.
    function _signerOf(bytes32 message, bytes calldata signature) internal view returns (address) {
        return ECDSA.recover(_hashTypedDataV4(message), signature);
    }

    function _requireAdmitted(address home) internal view {
        if (!_homes[home].admitted) revert NotAdmitted(home);
    }

    /// @dev A key is published for the current epoch, or for the one before while homes still change over.
    function _requireEpoch(uint32 epoch) internal view {
        _communityRecipient(currentSlot(), epoch);
    }

    function _within(bytes32 name, uint256 given, uint256 most) internal pure {
        if (given == 0 || given > most) revert SettingOutOfRange(name, given, 1, most);
    }
}
