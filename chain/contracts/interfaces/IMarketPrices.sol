// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the resources cost on the common market, as a signed feed reports it.
/// @notice The paper's trusted data feed. A price is signed by the feed's account (EIP-712) and put on the
/// chain by an account with the oracle role; so neither a stolen gateway nor a stolen feed key is enough.
///
/// Resources: 1 energy (micro-euro per kWh), 2 power (micro-euro per kW and hour), 3 water (micro-euro per
/// m3). A price holds in [validFrom, validUntil), unix seconds, and may be used for `maxPriceAgeS` seconds
/// after that: the age limit.
///
/// The price taken moves towards the signed one by a bounded step: at most `marketStepPpm` of the last one
/// (or 10,000 micro-euro, when that is more), once in `leastStepS` seconds. The same signed price may be
/// posted again until it is taken whole. The first price of a resource is taken whole.
interface IMarketPrices {
    error ResourceUnknown(uint8 resource);
    /// @notice A price is from 1 to 1,000,000,000 micro-euro.
    error MarketPriceOutOfRange(uint64 given, uint64 least, uint64 most);
    /// @notice The interval is empty, longer than 366 days, or begins after this block.
    error IntervalRefused(uint64 validFrom, uint64 validUntil);
    /// @notice The price could be used up to `goodUntil` (unix seconds), and that has passed.
    error MarketPriceTooOld(uint8 resource, uint64 goodUntil);
    /// @notice A newer price was already posted.
    error MarketPriceNotNewer(uint64 validFrom, uint64 newest);
    /// @notice The next step may be taken at `next` (unix seconds).
    error StepTooSoon(uint64 next);
    error NoMarketPrice(uint8 resource);
    /// @notice The EIP-712 signature was made by another account than the feed's.
    error NotSignedByFeed(address signer, address feed);

    /// @notice `signedMicroEuro` is what the feed says, `microEuro` what the bounded step let through.
    event MarketPricePosted(
        uint8 indexed resource,
        uint64 signedMicroEuro,
        uint64 microEuro,
        uint64 validFrom,
        uint64 validUntil
    );
    event PriceSignerSet(address indexed signer);

    /// @notice Posts a signed price (oracle). The signature is over
    /// `MarketPrice(uint8 resource,uint64 microEuro,uint64 validFrom,uint64 validUntil)` in the domain
    /// {name of the token, "1", chain id, this contract}.
    function postMarketPrice(
        uint8 resource,
        uint64 microEuro,
        uint64 validFrom,
        uint64 validUntil,
        bytes calldata signature
    ) external;

    /// @notice Names the account whose signatures the feed's prices carry (manager). Address zero: no price
    /// is taken any more.
    function setPriceSigner(address signer) external;

    /// @notice The market price of a resource. Reverts with NoMarketPrice or MarketPriceTooOld.
    function getMarketPrice(uint8 resource)
        external
        view
        returns (uint64 microEuro, uint64 validFrom, uint64 validUntil);

    /// @notice The last price taken, however old it is (zeros: none). `postedAt` is the block's time.
    function lastMarketPrice(uint8 resource)
        external
        view
        returns (uint64 microEuro, uint64 validFrom, uint64 validUntil, uint64 postedAt);

    function priceSigner() external view returns (address);

    function maxPriceAgeS() external view returns (uint32);

    function marketStepPpm() external view returns (uint32);

    function leastStepS() external view returns (uint32);
}
