// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IArchive} from "./interfaces/IArchive.sol";

/// @title The roots of the community's archives.
contract Archive is IArchive, AccessManaged {
    struct Newest {
        uint64 height;
        bytes32 blockHash;
        bytes32 root;
    }

    Newest private _newest;

    constructor(address authority_) AccessManaged(authority_) {}

    function anchor(uint64 height, bytes32 blockHash, bytes32 root, bytes32 previous, bytes32 next)
        external
        restricted
    {
        if (height <= _newest.height) revert NotNewer(height, _newest.height);
        _newest = Newest(height, blockHash, root);
        emit Anchored(height, root, blockHash, previous, next);
    }

    function newest() external view returns (uint64 height, bytes32 blockHash, bytes32 root) {
        return (_newest.height, _newest.blockHash, _newest.root);
    }
}
