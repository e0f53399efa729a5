// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ResourceMonitoring} from "./ResourceMonitoring.sol";

/// @title The `storage` profile: a ring of L ciphertexts in contract storage, as the paper's text has it.
contract StorageMonitoring is ResourceMonitoring {
    uint256 private constant WORDS = 8;

    mapping(address home => mapping(uint256 place => bytes32[WORDS])) private _payloads;

    constructor(
        address authority_,
        IERC20 token_,
        uint64 sampleMs_,
        uint64 slotsPerBilling_,
        uint32 length_
    ) ResourceMonitoring(authority_, token_, sampleMs_, slotsPerBilling_, length_) {}

    function essentialAt(address home, uint256 i) external view override returns (bytes memory payload) {
        bytes32[WORDS] storage words = _payloads[home][_place(home, i)];
        payload = abi.encodePacked(
            words[0], words[1], words[2], words[3], words[4], words[5], words[6], words[7]
        );
        // The last word is only part full: 245 of 256 bytes.
        assembly ("memory-safe") {
            mstore(payload, 245)
        }
    }

    function _keep(address home, uint256 place, bytes calldata payload) internal override {
        bytes32[WORDS] storage words = _payloads[home][place];
        assembly ("memory-safe") {
            let from := payload.offset
            for { let i := 0 } lt(i, 7) { i := add(i, 1) } {
                sstore(add(words.slot, i), calldataload(add(from, mul(32, i))))
            }
            // 21 bytes are left of 245; what follows them in the call is not the payload's.
            sstore(add(words.slot, 7), shl(88, shr(88, calldataload(add(from, 224)))))
        }
    }
}
