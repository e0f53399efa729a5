// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IMarketPrices} from "./interfaces/IMarketPrices.sol";

/// @title Market prices of the resources, signed by a feed.
abstract contract MarketPrices is IMarketPrices, AccessManaged, EIP712 {
    uint8 internal constant ENERGY = 1;
    uint8 private constant WATER = 3;
    uint64 private constant MOST_MICRO_EURO = 1_000_000_000;
    uint64 private constant LONGEST_INTERVAL = 366 days;
    /// @dev Lets a price leave the neighbourhood of zero, where a share of it is next to nothing.
    uint64 private constant SURE_STEP_MICRO_EURO = 10_000;
    uint256 internal constant PPM = 1_000_000;
    bytes32 private constant MARKET_PRICE_TYPE =
        keccak256("MarketPrice(uint8 resource,uint64 microEuro,uint64 validFrom,uint64 validUntil)");

    /// @dev One word.
    struct Taken {
        uint64 microEuro;
        uint64 validFrom;
        uint64 validUntil;
        uint64 postedAt;
    }

    uint32 public immutable maxPriceAgeS;
    uint32 public immutable marketStepPpm;
    uint32 public immutable leastStepS;
    address public priceSigner;
    mapping(uint8 resource => Taken) private _taken;

    constructor(uint32 maxPriceAgeS_, uint32 marketStepPpm_, uint32 leastStepS_) {
        maxPriceAgeS = maxPriceAgeS_;
        marketStepPpm = marketStepPpm_;
        leastStepS = leastStepS_;
    }

    function postMarketPrice(
        uint8 resource,
        uint64 microEuro,
        uint64 validFrom,
        uint64 validUntil,
        bytes calldata signature
    ) external restricted {
        _requireKnown(resource);
        if (microEuro == 0 || microEuro > MOST_MICRO_EURO) {
            revert MarketPriceOutOfRange(microEuro, 1, MOST_MICRO_EURO);
        }
        _requireInterval(resource, validFrom, validUntil);
        bytes32 content =
            keccak256(abi.encode(MARKET_PRICE_TYPE, resource, microEuro, validFrom, validUntil));
        address signer = ECDSA.recover(_hashTypedDataV4(content), signature);
        if (signer != priceSigner) revert NotSignedByFeed(signer, priceSigner);
        uint64 taken = _stepTowards(_taken[resource], microEuro, validFrom);
        _taken[resource] = Taken(taken, validFrom, validUntil, uint64(block.timestamp));
        emit MarketPricePosted(resource, microEuro, taken, validFrom, validUntil);
    }

    function setPriceSigner(address signer) external restricted {
        _setPriceSigner(signer);
    }

    function getMarketPrice(uint8 resource)
        public
        view
        returns (uint64 microEuro, uint64 validFrom, uint64 validUntil)
    {
        Taken memory taken = _taken[resource];
        if (taken.microEuro == 0) revert NoMarketPrice(resource);
        _requireYoung(resource, taken.validUntil);
        return (taken.microEuro, taken.validFrom, taken.validUntil);
    }

    function lastMarketPrice(uint8 resource)
        external
        view
        returns (uint64 microEuro, uint64 validFrom, uint64 validUntil, uint64 postedAt)
    {
        Taken memory taken = _taken[resource];
        return (taken.microEuro, taken.validFrom, taken.validUntil, taken.postedAt);
    }

    function _setPriceSigner(address signer) internal {
        priceSigner = signer;
        emit PriceSignerSet(signer);
    }

    /// @dev `wanted`, or as near to it as a step of `most` from `from` leads.
    function _within(uint256 wanted, uint256 from, uint256 most) internal pure returns (uint256) {
        if (wanted > from + most) return from + most;
        if (wanted + most < from) return from - most;
        return wanted;
    }

    function _stepTowards(Taken memory last, uint64 microEuro, uint64 validFrom)
        private
        view
        returns (uint64)
    {
        if (last.microEuro == 0) return microEuro;
        if (validFrom < last.validFrom) revert MarketPriceNotNewer(validFrom, last.validFrom);
        uint64 next = last.postedAt + leastStepS;
        if (block.timestamp < next) revert StepTooSoon(next);
        uint256 step = uint256(last.microEuro) * marketStepPpm / PPM;
        if (step < SURE_STEP_MICRO_EURO) step = SURE_STEP_MICRO_EURO;
        return uint64(_within(microEuro, last.microEuro, step));
    }

    function _requireKnown(uint8 resource) private pure {
        if (resource < ENERGY || resource > WATER) revert ResourceUnknown(resource);
    }

    function _requireInterval(uint8 resource, uint64 validFrom, uint64 validUntil) private view {
        bool empty = validFrom >= validUntil;
        if (empty || validUntil - validFrom > LONGEST_INTERVAL || validFrom > block.timestamp) {
            revert IntervalRefused(validFrom, validUntil);
        }
        _requireYoung(resource, validUntil);
    }

    function _requireYoung(uint8 resource, uint64 validUntil) private view {
        uint64 goodUntil = validUntil + maxPriceAgeS;
        if (block.timestamp >= goodUntil) revert MarketPriceTooOld(resource, goodUntil);
    }
}
