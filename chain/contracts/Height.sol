// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The height of the community's chain, which goes on where its chain was begun anew.
/// @notice A new chain counts its blocks from 0. The heights that contracts keep must not start again with
/// it, so whoever begins it from an archive writes the archived block's height in the word BASE.
abstract contract Height {
    /// @dev keccak256("meterhood.height.base"): apart from every declared variable, the same in each contract.
    bytes32 private constant BASE = 0xa7d82545ac17c5d998efa7085591885a8959f8d8bade37c95ac577ffe79dca77;

    /// @dev Height that windows, gaps and loans are counted in.
    function _height() internal view virtual returns (uint64 height) {
        bytes32 place = BASE;
        assembly ("memory-safe") {
            height := add(sload(place), number())
        }
    }
}
