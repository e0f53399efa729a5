// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ResourceMonitoring} from "./ResourceMonitoring.sol";

/// @title The `commitment` profile: a ring of L digests; the payloads are in the log.
contract CommitmentMonitoring is ResourceMonitoring {
    constructor(
        address authority_,
        IERC20 token_,
        uint64 sampleMs_,
        uint64 slotsPerBilling_,
        uint32 length_
    ) ResourceMonitoring(authority_, token_, sampleMs_, slotsPerBilling_, length_) {}

    function essentialAt(address home, uint256 i) external view override returns (bytes memory payload) {
        _place(home, i);
        return payload;
    }

    function _keep(address, uint256, bytes calldata) internal override {}
}
