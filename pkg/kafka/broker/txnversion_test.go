package broker

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/meanstream/meanstream/pkg/kafka/batch"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

func TestTheClusterSaysInWhichVersionATransactionMayBe(t *testing.T) {
	for _, s := range []struct {
		name string
		opts kafkatest.Options
		want TxnVersion
	}{
		{"a fresh cluster of today", kafkatest.Options{}, TxnV2},
		{"brokers that could, in a cluster that has not finalized it", kafkatest.Options{TxnVersion: 1}, TxnV1},
		{"brokers that know the feature's first level", kafkatest.Options{Kfake: []kfake.Opt{kfake.MaxVersions(kversion.V3_9_0())}}, TxnV1},
		{"brokers that know of no features", kafkatest.Options{Kfake: []kfake.Opt{kfake.MaxVersions(kversion.V3_1_0())}}, TxnV1},
		{"a broker that does not understand the question", kafkatest.Options{Kfake: []kfake.Opt{kfake.MaxVersions(kversion.V2_3_0())}}, TxnV1},
	} {
		t.Run(s.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cluster := kafkatest.Start(t, s.opts)
				c := New(Config{Brokers: cluster.Addrs(), Dial: cluster.Host("us").Dial, Timeout: time.Second})
				t.Cleanup(c.Close)
				got, code, err := c.TransactionVersion(t.Context(), "t")
				if got != s.want || code != OK || err != nil {
					t.Errorf("%s, code %v, error %v, want %s", got, code, err, s.want)
				}
			})
		})
	}
}

// What decides is the broker that carries the transaction: others may not have heard of a change yet.
func TestTheTransactionsOwnCoordinatorIsAsked(t *testing.T) {
	bubble(t, func(t *testing.T, cluster *kafkatest.Cluster, host *kafkatest.Host, c *Client) {
		asked := map[string]bool{}
		host.Before(func(r kafkatest.Request) {
			if r.Key == kmsg.ApiVersions && r.Version == 3 {
				asked[r.Broker] = true
			}
		})
		for _, id := range []string{"a", "b", "c", "d"} {
			node, code, err := c.Coordinator(t.Context(), OfTransaction, id)
			fine(t, code, err)
			clear(asked)
			_, code, err = c.TransactionVersion(t.Context(), id)
			fine(t, code, err)
			if want := cluster.Addrs()[node]; len(asked) != 1 || !asked[want] {
				t.Errorf("asked %v about %q, its coordinator is %s", asked, id, want)
			}
		}
	})
}

func TestNoPieceOfAProduceRequestIsEmpty(t *testing.T) {
	for _, flex := range []bool{false, true} {
		for i, part := range New(Config{Brokers: []string{"nowhere"}}).produceParts("t", []Batch{sealed(theTopic, "a")}, flex) {
			if len(part) == 0 {
				t.Errorf("flexible %v: piece %d is empty, and would be a write of nothing", flex, i)
			}
		}
	}
}

func TestAnEndOfVersion2BringsTheNextIdentity(t *testing.T) {
	bubble(t, func(t *testing.T, _ *kafkatest.Cluster, host *kafkatest.Host, c *Client) {
		who := begin(t, c, "t", theTopic)
		who.Version = TxnV2
		write(t, c, who, 0, theTopic, "a")
		if next, code, err := c.EndTxn(t.Context(), Producer{"t", who.ID, who.Epoch + 1, TxnV2}, true); code != 90 || err != nil || next.Epoch != who.Epoch+1 {
			t.Errorf("with a refusal came %+v, code %v, error %v, want the identity unchanged", next, code, err)
		}
		armed := host.On(kafkatest.Rule{Key: kmsg.EndTxn, Do: kafkatest.AnswerCode(0)}) // 0, and no identity
		if next, code, err := c.EndTxn(t.Context(), who, true); code != unknown || err != nil || next != who {
			t.Errorf("an end without an identity: %+v, code %v, error %v, want an unknown end", next, code, err)
		}
		if armed.Hits() != 1 {
			t.Error("no end came without an identity: does this still show anything?")
		}
		next, code, err := c.EndTxn(t.Context(), who, true)
		fine(t, code, err)
		if want := (Producer{"t", who.ID, who.Epoch + 1, TxnV2}); next != want {
			t.Errorf("the next identity is %+v, want %+v", next, want)
		}
		again, code, err := c.EndTxn(t.Context(), who, true) // as after a lost answer
		if again != next || code != OK || err != nil {
			t.Errorf("asked again: %+v, code %v, error %v, want the same", again, code, err)
		}
		late := sealed(theTopic, "late")
		batch.Stamp(late.Bytes, who.ID, who.Epoch, 0, true)
		node, _, _ := c.leader(t.Context(), theTopic.Topic, theTopic.Partition)
		if got, err := c.ProduceTxn(t.Context(), node, who, []Batch{late}); err != nil || got[0].Code != 47 {
			t.Errorf("a batch of the ended epoch: %+v, error %v, want code 47", got, err)
		}
	})
}
