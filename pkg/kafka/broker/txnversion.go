package broker

import (
	"context"
	"fmt"
)

// TxnVersion is how transactions are spoken of to the brokers: a level of Kafka's feature transaction.version. Zero
// stands for version 1, which every broker understands, whatever the level of its cluster.
type TxnVersion int16

// The versions that are spoken here.
const (
	TxnV1 TxnVersion = 1 // an epoch serves until the next InitProducerID
	TxnV2 TxnVersion = 2 // every end of a transaction brings an epoch of its own to the next
)

// txnFeature is the feature's name in ApiVersions.
const txnFeature = "transaction.version"

// neededForV2 are the request versions that make a transaction one of version 2. The Adds stay those of version 1:
// AddPartitionsToTxn is the brokers' own from its version 4 on.
func neededForV2() map[int16]int16 {
	return map[int16]int16{keyProduce: 12, keyTxnOffsetCommit: 5, keyEndTxn: 5}
}

// pick is the request version to be sent under a version of transactions.
func (v TxnVersion) pick(v1, v2 int16) int16 {
	if v >= TxnV2 {
		return v2
	}
	return v1
}

// TransactionVersion asks the coordinator of a transactional id which version its transactions may have now: TxnV2
// where the cluster has finalized it, else TxnV1. What request versions a broker speaks says nothing about that, and a
// broker that is asked for version 2 below the level that allows it does harm to the transaction: see the design of
// package txn.
func (c *Client) TransactionVersion(ctx context.Context, txnID string) (TxnVersion, Code, error) {
	e := enc{flex: true}
	e.str("meanstream") // brokers count the clients that they serve by these two
	e.str("1")
	e.tags()
	version := TxnV1
	m := &call{key: keyAPIVersions, version: 3, flex: true, parts: [][]byte{e.b}}
	code, err := c.toCoordinator(ctx, OfTransaction, txnID, m, func(d *dec) Code {
		code := Code(d.i16())
		if code != OK { // the rest is in the form of version 0
			return code
		}
		version = readTxnVersion(d)
		return OK
	})
	if code == unsupportedVersion {
		return TxnV1, OK, err
	}
	return version, code, err
}

const unsupportedVersion Code = 35

// readTxnVersion reads an answer of ApiVersions v3 behind its code.
func readTxnVersion(d *dec) TxnVersion {
	missing := neededForV2()
	for range d.array() {
		key, low, high := d.i16(), d.i16(), d.i16()
		d.skipTags()
		if v, ok := missing[key]; ok && low <= v && v <= high {
			delete(missing, key)
		}
	}
	d.i32() // throttle
	level := TxnVersion(0)
	d.eachTag(func(tag int, body *dec) {
		const finalizedFeatures = 2
		if tag == finalizedFeatures {
			level = readLevel(body)
		}
	})
	if level < TxnV2 || len(missing) > 0 {
		return TxnV1
	}
	return TxnV2
}

// readLevel finds the feature in the list of finalized ones; one at level 0 is left out of it.
func readLevel(d *dec) TxnVersion {
	level := TxnVersion(0)
	for range d.array() {
		name, highest := d.str(), d.i16()
		d.i16() // the lowest level, which is the same
		d.skipTags()
		if name == txnFeature {
			level = TxnVersion(highest)
		}
	}
	return level
}

// eachTag has f read every tagged field.
func (d *dec) eachTag(f func(tag int, body *dec)) {
	for n := d.uvarint(); n > 0 && d.err == nil; n-- {
		tag := d.uvarint()
		body := dec{b: d.take(d.uvarint()), flex: true}
		f(tag, &body)
		if d.err == nil {
			d.err = body.err
		}
	}
}

// String is what a person is told.
func (v TxnVersion) String() string {
	return fmt.Sprintf("transaction version %d", int16(max(v, TxnV1)))
}
