// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IQuotaMarket} from "@contracts/interfaces/IQuotaMarket.sol";

/// @title Token, quota and monitoring contract that agree to everything: the rule of price asks none of them.
contract Agreeable {
    function monitoring() external view returns (Agreeable) {
        return this;
    }

    function sampleMs() external pure returns (uint64) {
        return 1000;
    }

    function slotsPerBilling() external pure returns (uint64) {
        return 1_000_000_000;
    }

    function isAdmitted(address) external pure returns (bool) {
        return true;
    }

    function transferFrom(address, address, uint256) external pure returns (bool) {
        return true;
    }

    function admitOffer(address, IQuotaMarket.Lot calldata) external pure returns (uint8, uint64) {
        return (0, 0);
    }

    function lock(address, IQuotaMarket.Lot calldata) external pure returns (uint8, uint64) {
        return (0, 0);
    }

    function moveLocked(address, uint8, address, uint8, uint64, uint8, uint64)
        external
        pure
        returns (uint72)
    {
        return 0;
    }
}
