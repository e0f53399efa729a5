// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ITradingEnabler} from "./interfaces/ITradingEnabler.sol";

/// @title The two seals of an auction.
abstract contract AuctionSeals is ITradingEnabler, EIP712 {
    bytes32 private constant BID_TYPE =
        keccak256("Bid(uint256 auctionId,address bidder,uint128 value,bytes32 salt)");
    bytes32 private constant MAX_PRICE_TYPE =
        keccak256("MaxPrice(uint256 auctionId,address buyer,uint128 value,bytes32 salt)");

    constructor() EIP712("SmartCommunity.Auction", "1") {}

    function bidSeal(uint256 id, address bidder, uint128 value, bytes32 salt) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(BID_TYPE, id, bidder, value, salt)));
    }

    function maxPriceSeal(uint256 id, address buyer, uint128 value, bytes32 salt)
        public
        view
        returns (bytes32)
    {
        return _hashTypedDataV4(keccak256(abi.encode(MAX_PRICE_TYPE, id, buyer, value, salt)));
    }
}
