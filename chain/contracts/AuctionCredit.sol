// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ITradingEnabler} from "./interfaces/ITradingEnabler.sol";

/// @title SCT that homes keep with the market.
/// @notice The only place where the market calls the token. The token is named at deployment and calls
/// nobody back; nevertheless what is paid in counts only after the transfer, and what is paid out stops
/// counting before it.
abstract contract AuctionCredit is ITradingEnabler {
    using SafeERC20 for IERC20;

    /// @dev One word: free credit, and how many offers the account has made.
    struct Account {
        uint128 credit;
        uint64 offers;
    }

    IERC20 public immutable token;

    mapping(address account => Account) internal _accounts;

    constructor(IERC20 token_) {
        if (address(token_) == address(0)) revert ZeroAddress("token");
        token = token_;
    }

    function deposit(uint256 amount) external {
        _deposit(amount);
    }

    function depositWithPermit(uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external {
        // Whoever sees a permit may use it first; then the allowance is there and the permit may fail.
        IERC20Permit permits = IERC20Permit(address(token));
        try permits.permit(msg.sender, address(this), amount, deadline, v, r, s) {} catch {}
        _deposit(amount);
    }

    function withdraw(uint256 amount) external {
        _take(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
        token.safeTransfer(msg.sender, amount);
    }

    function creditOf(address account) external view returns (uint256) {
        return _accounts[account].credit;
    }

    function offersOf(address buyer) external view returns (uint64) {
        return _accounts[buyer].offers;
    }

    function _deposit(uint256 amount) private {
        token.safeTransferFrom(msg.sender, address(this), amount);
        _give(msg.sender, amount);
        emit Deposited(msg.sender, amount);
    }

    function _take(address account, uint256 amount) internal {
        uint256 has = _accounts[account].credit;
        if (has < amount) revert NotEnoughCredit(account, has, amount);
        _accounts[account].credit = uint128(has - amount);
    }

    function _give(address account, uint256 amount) internal {
        if (amount != 0) _accounts[account].credit += uint128(amount);
    }
}
