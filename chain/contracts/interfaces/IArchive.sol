// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title Which archives of this chain's state and history the manager made.
/// @notice An archive lies outside the chain. Its root, kept here, tells everybody whether a copy is whole,
/// unchanged and the newest.
interface IArchive {
    /// @notice The archive holds an older block than one that is anchored already.
    error NotNewer(uint64 height, uint64 newest);

    /// @notice An archive of the state after the block at `height`. `previous` is the root of the archive
    /// before it, 0 for the first; `next` the hash of the first block of the chain that begins from it.
    event Anchored(
        uint64 indexed height, bytes32 indexed root, bytes32 blockHash, bytes32 previous, bytes32 next
    );

    /// @notice Anchors an archive; only the manager may.
    function anchor(uint64 height, bytes32 blockHash, bytes32 root, bytes32 previous, bytes32 next) external;

    /// @notice The newest archive; zeros when there is none.
    function newest() external view returns (uint64 height, bytes32 blockHash, bytes32 root);
}
