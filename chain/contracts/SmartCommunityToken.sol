// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Pausable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Pausable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ISmartCommunityToken} from "./interfaces/ISmartCommunityToken.sol";
import {MarketPrices} from "./MarketPrices.sol";

/// @title The Smart Community Token.
contract SmartCommunityToken is ISmartCommunityToken, ERC20Permit, ERC20Pausable, MarketPrices {
    /// @dev Micro-SCT in one SCT.
    uint256 private constant ONE = 1_000_000;
    uint256 private constant MOST_SUPPLY = type(uint96).max;
    /// @dev A restock turns back at most a tenth of what was bought: the buyer came for tokens.
    uint256 private constant RESTOCK_PPM = 100_000;

    /// @dev One word: all that a purchase or a sale reads of the price.
    struct Price {
        uint96 buy;
        uint96 sell;
        uint64 buyableUntil;
    }

    /// @dev One word: Z_T and when it last took a step.
    struct Followed {
        uint128 price;
        uint64 steppedAt;
    }

    uint64 public immutable weiPerMicroEuro;
    uint32 public immutable tokenStepPpm;
    uint32 public immutable maxSpreadPpm;
    uint96 public immutable blockReward;

    address public owner;
    uint96 public minBalance;
    address public newOwner;
    uint64 private _rewardedBlock;
    Price private _price;
    Followed private _followed;
    mapping(address account => bool) public frozen;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotTheOwner(msg.sender, owner);
        _;
    }

    modifier rewarded() {
        _;
        _getBlockReward(0);
    }

    /// @notice The paper's *publish*: the owner's token begins with `supply` micro-SCT in the reserve, a name
    /// and a symbol. `authority_` is the AccessManager that knows managers and oracles, `owner_` the first
    /// owner, `priceSigner_` the account whose signatures the market prices carry; ISmartCommunityToken
    /// says what the settings mean.
    constructor(
        address authority_,
        address owner_,
        address priceSigner_,
        uint256 supply,
        string memory name_,
        string memory symbol_,
        Settings memory settings
    )
        ERC20(name_, symbol_)
        ERC20Permit(name_)
        AccessManaged(authority_)
        MarketPrices(settings.maxPriceAgeS, settings.marketStepPpm, settings.leastStepS)
    {
        if (authority_ == address(0)) revert ZeroAddress("authority");
        if (owner_ == address(0)) revert ZeroAddress("owner");
        _requireSettings(settings);
        weiPerMicroEuro = settings.weiPerMicroEuro;
        tokenStepPpm = settings.tokenStepPpm;
        maxSpreadPpm = settings.maxSpreadPpm;
        blockReward = settings.blockReward;
        owner = owner_;
        _setMinBalance(settings.minBalance);
        _setPriceSigner(priceSigner_);
        _create(supply, address(this));
        emit Published(owner_, supply, name_, symbol_);
    }

    // ---- Anybody

    function buy(uint256 minTokens) external payable returns (uint256 tokenAmount) {
        Price memory price = _price;
        if (price.buy == 0) revert NoPriceYet();
        if (block.timestamp >= price.buyableUntil) revert MarketPriceTooOld(ENERGY, price.buyableUntil);
        uint256 bought = msg.value * ONE / price.buy;
        if (bought == 0) revert AmountTooSmall(msg.value);
        if (bought > _reserve()) revert ReserveTooSmall(_reserve(), bought);
        (uint256 turned, uint256 currency) = _restock(bought, price.sell);
        tokenAmount = bought - turned;
        if (tokenAmount < minTokens) revert LessThanAsked(tokenAmount, minTokens);
        _transfer(address(this), msg.sender, tokenAmount);
        emit Bought(msg.sender, msg.value, tokenAmount);
        _getBlockReward(currency);
        if (currency != 0) Address.sendValue(payable(msg.sender), currency);
    }

    function sell(uint256 tokenAmount, uint256 minCurrency) external returns (uint256 currencyAmount) {
        if (_price.sell == 0) revert NoPriceYet();
        currencyAmount = tokenAmount * _price.sell / ONE;
        if (currencyAmount == 0) revert AmountTooSmall(tokenAmount);
        if (currencyAmount < minCurrency) revert LessThanAsked(currencyAmount, minCurrency);
        _transfer(msg.sender, address(this), tokenAmount);
        emit Sold(msg.sender, tokenAmount, currencyAmount);
        _getBlockReward(currencyAmount);
        Address.sendValue(payable(msg.sender), currencyAmount);
    }

    function fund() external payable {
        emit Funded(msg.sender, msg.value);
    }

    function transfer(address to, uint256 value) public override rewarded returns (bool) {
        return super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override rewarded returns (bool) {
        if (frozen[msg.sender]) revert AccountFrozen(msg.sender);
        return super.transferFrom(from, to, value);
    }

    // ---- Manager

    function setSCTPrice(uint96 buyPrice_, uint96 sellPrice_) external restricted rewarded {
        (uint64 microEuro,, uint64 validUntil) = getMarketPrice(ENERGY);
        uint256 follows = _followedPrice(microEuro);
        if (sellPrice_ == 0 || sellPrice_ > follows || buyPrice_ < follows) {
            revert PricesNotAroundTokenPrice(buyPrice_, sellPrice_, follows);
        }
        uint256 most = sellPrice_ + sellPrice_ * uint256(maxSpreadPpm) / PPM;
        if (buyPrice_ > most) revert SpreadTooWide(buyPrice_, most);
        if (follows != _followed.price) _followed = Followed(uint128(follows), uint64(block.timestamp));
        _price = Price(buyPrice_, sellPrice_, validUntil + maxPriceAgeS);
        _requireSolvent();
        emit SCTPriceSet(buyPrice_, sellPrice_, follows);
    }

    function setMinBalance(uint96 minBalance_) external restricted {
        _setMinBalance(minBalance_);
    }

    function pause() external restricted {
        _pause();
    }

    function unpause() external restricted {
        _unpause();
    }

    // ---- Owner

    function createToken(uint256 tokenAmount, address destination) external payable onlyOwner rewarded {
        _create(tokenAmount, destination);
        _requireSolvent();
        if (msg.value != 0) emit Funded(msg.sender, msg.value);
    }

    function freezeAccount(address destination, bool freezeStatus) external onlyOwner rewarded {
        if (destination == address(0)) revert ZeroAddress("destination");
        if (freezeStatus && destination.code.length != 0) revert NotAnAccount(destination);
        frozen[destination] = freezeStatus;
        emit FreezeSet(destination, freezeStatus);
    }

    function transferOwn(address newOwner_) external onlyOwner {
        if (newOwner_ == owner) revert AlreadyTheOwner(newOwner_);
        newOwner = newOwner_;
        emit OwnTransferStarted(owner, newOwner_);
    }

    function acceptOwn() external {
        if (msg.sender != newOwner) revert NotTheNewOwner(msg.sender, newOwner);
        emit Authorized(owner, msg.sender);
        owner = msg.sender;
        newOwner = address(0);
    }

    // ---- What anybody reads

    function decimals() public pure override returns (uint8) {
        return 6;
    }

    function buyPrice() external view returns (uint96) {
        return _price.buy;
    }

    function sellPrice() external view returns (uint96) {
        return _price.sell;
    }

    function tokenPrice() external view returns (uint256) {
        return _followed.price;
    }

    function nextTokenPrice() external view returns (uint256) {
        (uint64 microEuro,,) = getMarketPrice(ENERGY);
        return _followedPrice(microEuro);
    }

    function buyableUntil() external view returns (uint64) {
        return _price.buyableUntil;
    }

    function circulating() public view returns (uint256) {
        return totalSupply() - _reserve();
    }

    function backing() public view returns (uint256 has, uint256 needs) {
        return (address(this).balance, Math.ceilDiv(circulating() * _price.sell, ONE));
    }

    // ---- Steps

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Pausable) {
        if (frozen[from]) revert AccountFrozen(from);
        if (frozen[to]) revert AccountFrozen(to);
        super._update(from, to, value);
    }

    /// @dev Of `bought` tokens, how many are turned back for the caller, and into how much C. Its balance
    /// counts as it was before it paid: the payment itself must not make it look poor.
    function _restock(uint256 bought, uint96 price) private returns (uint256 turned, uint256 currency) {
        uint256 had = msg.sender.balance + msg.value;
        if (had >= minBalance) return (0, 0);
        uint256 missing = Math.ceilDiv((minBalance - had) * ONE, price);
        turned = Math.min(missing, bought * RESTOCK_PPM / PPM);
        currency = turned * price / ONE;
        if (currency == 0) return (0, 0);
        emit Restocked(msg.sender, turned, currency);
    }

    /// @dev When the switch is on, pays the maker of this block from the reserve, with the first call in the
    /// block. What cannot be paid is left out: a reward stops no call. `owed` is the C that the call is about
    /// to send, and that backs nothing any more.
    function _getBlockReward(uint256 owed) private {
        if (blockReward == 0) return;
        address miner = block.coinbase;
        if (_rewardedBlock == block.number || miner == address(this) || frozen[miner]) return;
        if (miner == address(0) || blockReward > _reserve() || paused()) return;
        (uint256 has, uint256 needs) = backing();
        if (has < needs + owed + Math.ceilDiv(uint256(blockReward) * _price.sell, ONE)) return;
        _rewardedBlock = uint64(block.number);
        _transfer(address(this), miner, blockReward);
        emit BlockRewarded(miner, blockReward);
    }

    function _create(uint256 tokenAmount, address destination) private {
        if (totalSupply() + tokenAmount > MOST_SUPPLY) revert SupplyTooLarge(totalSupply() + tokenAmount);
        _mint(destination, tokenAmount);
        emit TokenCreated(destination, tokenAmount);
    }

    function _setMinBalance(uint96 minBalance_) private {
        minBalance = minBalance_;
        emit MinBalanceSet(minBalance_);
    }

    /// @dev Z_T after the step that it may take now towards the market price of energy.
    function _followedPrice(uint64 microEuro) private view returns (uint256) {
        uint256 market = uint256(microEuro) * weiPerMicroEuro;
        Followed memory last = _followed;
        if (last.price == 0) return market;
        if (block.timestamp < last.steppedAt + leastStepS) return last.price;
        return _within(market, last.price, Math.ceilDiv(uint256(last.price) * tokenStepPpm, PPM));
    }

    function _reserve() private view returns (uint256) {
        return balanceOf(address(this));
    }

    function _requireSolvent() private view {
        (uint256 has, uint256 needs) = backing();
        if (has < needs) revert Insolvent(has, needs);
    }

    function _requireSettings(Settings memory settings) private pure {
        _requireSetting("weiPerMicroEuro", settings.weiPerMicroEuro, 1, 1e18);
        _requireSetting("maxPriceAgeS", settings.maxPriceAgeS, 1, 31 days);
        _requireSetting("marketStepPpm", settings.marketStepPpm, 1, 10 * PPM);
        _requireSetting("tokenStepPpm", settings.tokenStepPpm, 1, PPM);
        _requireSetting("leastStepS", settings.leastStepS, 1, 1 days);
        _requireSetting("maxSpreadPpm", settings.maxSpreadPpm, 0, PPM);
    }

    function _requireSetting(bytes32 name_, uint256 given, uint256 least, uint256 most) private pure {
        if (given < least || given > most) revert SettingOutOfRange(name_, given, least, most);
    }
}
