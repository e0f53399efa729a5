// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title The bytes of submitted records, read where they lie in the call.
/// @notice A record is 293 bytes: slot u64, sequence u32, epoch u32, extended digest 32, envelope 113,
/// points 132. It is read on the hot path, hence by assembly: slices checked one by one cost 5,000 gas more
/// a record. Every function but `number` trusts that `records` is as long as `number` says.
library Records {
    uint256 internal constant MOST = 16;
    uint256 internal constant RECORD = 293;

    /// @notice How many records there are; 0 when the length is not that of 1 to 16 records.
    function number(bytes calldata records) internal pure returns (uint256 found) {
        found = records.length / RECORD;
        if (found > MOST || records.length != found * RECORD) found = 0;
    }

    function nth(bytes calldata records, uint256 i) internal pure returns (bytes calldata record) {
        assembly ("memory-safe") {
            record.offset := add(records.offset, mul(i, 293))
            record.length := 293
        }
    }

    function head(bytes calldata record) internal pure returns (uint64 slot, uint32 sequence, uint32 epoch) {
        assembly ("memory-safe") {
            let word := calldataload(record.offset)
            slot := shr(192, word)
            sequence := and(shr(160, word), 0xffffffff)
            epoch := and(shr(128, word), 0xffffffff)
        }
    }

    function extended(bytes calldata record) internal pure returns (bytes32 found) {
        assembly ("memory-safe") {
            found := calldataload(add(record.offset, 16))
        }
    }

    /// @notice Envelope and points.
    function payload(bytes calldata record) internal pure returns (bytes calldata found) {
        assembly ("memory-safe") {
            found.offset := add(record.offset, 48)
            found.length := 245
        }
    }

    /// @notice The digest of a record, as IResourceMonitoring defines it.
    function digest(bytes calldata record, address home, uint64 delegation)
        internal
        pure
        returns (bytes32 found)
    {
        assembly ("memory-safe") {
            // The memory after the free pointer serves as a sheet to write on.
            let sheet := mload(0x40)
            let start := record.offset
            calldatacopy(sheet, add(start, 48), 113)
            let envelope := keccak256(sheet, 113)
            calldatacopy(sheet, add(start, 161), 132)
            let points := keccak256(sheet, 132)
            mstore(sheet, shl(96, home))
            calldatacopy(add(sheet, 20), start, 16)
            mstore(add(sheet, 36), shl(192, delegation))
            mstore(add(sheet, 44), envelope)
            mstore(add(sheet, 76), points)
            calldatacopy(add(sheet, 108), add(start, 16), 32)
            found := keccak256(sheet, 140)
        }
    }
}
