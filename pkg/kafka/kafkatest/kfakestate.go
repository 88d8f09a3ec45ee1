package kafkatest

import (
	"fmt"
	"reflect"

	"github.com/twmb/franz-go/pkg/kfake"
)

// What kfake knows about open transactions and shows nobody is read here by reflection: the alternative, watching every
// answer and guessing what the coordinator made of it, goes wrong with the first timeout or lost connection. It may only
// be done inside a kfake Control function: while one runs, the goroutine that owns this state waits for it.
//
// The names below are those of the kfake version in go.mod; checkLayout says so at start when an update changes them.

// openTxn is an ongoing transaction.
type openTxn struct {
	producer int64
	epoch    int16
	id       string
	offsets  map[string]partitions // uncommitted offsets, by group
}

// partitions is a set of them, by topic.
type partitions map[string]map[int32]bool

func (ps partitions) add(topic string, p int32) {
	if ps[topic] == nil {
		ps[topic] = map[int32]bool{}
	}
	ps[topic][p] = true
}

// openTxns lists the ongoing transactions of a cluster.
func openTxns(kf *kfake.Cluster) []openTxn {
	txs := reflect.ValueOf(kf).Elem().FieldByName("pids").FieldByName("txs")
	out := make([]openTxn, 0, txs.Len())
	for _, key := range txs.MapKeys() {
		info := key.Elem()
		txn := openTxn{
			producer: info.FieldByName("id").Int(),
			epoch:    int16(info.FieldByName("epoch").Int()),
			id:       info.FieldByName("txid").String(),
			offsets:  map[string]partitions{},
		}
		for groups := info.FieldByName("txOffsets").MapRange(); groups.Next(); {
			set := partitions{}
			for topics := groups.Value().MapRange(); topics.Next(); {
				for ps := topics.Value().MapRange(); ps.Next(); {
					set.add(topics.Key().String(), int32(ps.Key().Int()))
				}
			}
			txn.offsets[groups.Key().String()] = set
		}
		out = append(out, txn)
	}
	return out
}

// checkLayout compares kfake's own types with what openTxns reads.
func checkLayout(kf *kfake.Cluster) error {
	pids, ok := reflect.TypeOf(kf).Elem().FieldByName("pids")
	if !ok {
		return fmt.Errorf("read kfake's transactions: Cluster has no field pids any more; adapt kafkatest/kfakestate.go")
	}
	txs, ok := pids.Type.FieldByName("txs")
	if !ok || txs.Type.Kind() != reflect.Map || txs.Type.Key().Kind() != reflect.Pointer {
		return fmt.Errorf("read kfake's transactions: pids.txs is no map of pointers any more; adapt kafkatest/kfakestate.go")
	}
	info := txs.Type.Key().Elem()
	for name, want := range map[string]reflect.Kind{
		"id": reflect.Int64, "epoch": reflect.Int16, "txid": reflect.String, "txOffsets": reflect.Map,
	} {
		if f, ok := info.FieldByName(name); !ok || f.Type.Kind() != want {
			return fmt.Errorf("read kfake's transactions: pidinfo.%s is no %s any more; adapt kafkatest/kfakestate.go", name, want)
		}
	}
	return nil
}
