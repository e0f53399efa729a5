// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What forge lets a spec do to its chain.
interface Cheats {
    function prank(address sender) external;
    function warp(uint256 time) external;
    function roll(uint256 height) external;
    function deal(address account, uint256 wei_) external;
    function etch(address account, bytes calldata code) external;
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 key) external pure returns (address);
    function getNonce(address account) external view returns (uint64);
    function computeCreateAddress(address deployer, uint256 nonce) external pure returns (address);
    function writeLine(string calldata path, string calldata line) external;
    function toString(uint256 value) external pure returns (string memory);
    function envOr(string calldata name, string calldata otherwise) external view returns (string memory);
}

Cheats constant vm = Cheats(address(uint160(uint256(keccak256("hevm cheat code")))));
