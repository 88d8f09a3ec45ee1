package kafkatest

import (
	"testing"
	"testing/synctest"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// txnLevel is the level of transaction.version that a client is told; 0: none.
func txnLevel(t *testing.T, h *Host) int16 {
	t.Helper()
	req := kmsg.NewPtrApiVersionsRequest()
	req.Version, req.ClientSoftwareName, req.ClientSoftwareVersion = 3, "test", "1"
	for _, f := range ask[*kmsg.ApiVersionsResponse](t, h, h.c.Addrs()[0], req).FinalizedFeatures {
		if f.Name == "transaction.version" {
			return f.MaxVersionLevel
		}
	}
	return 0
}

func TestAClusterOffersTheTransactionVersionThatItIsTold(t *testing.T) {
	for _, level := range []int16{0, 1, 2} {
		synctest.Test(t, func(t *testing.T) {
			c := Start(t, Options{Brokers: 3, TxnVersion: level})
			h := c.Host("p")
			first := level
			if first == 0 {
				first = 2 // as a fresh cluster of today
			}
			want(t, "at the start", txnLevel(t, h), first)
			for _, next := range []int16{1, 2, 0, 2, 1} {
				c.FinalizeTxnVersion(next)
				want(t, "changed while it runs", txnLevel(t, h), next)
			}
		})
	}
}

func TestARepeatedEndIsToldToWaitWhileTheTransactionCompletes(t *testing.T) {
	for _, version := range []int16{3, 5} {
		synctest.Test(t, func(t *testing.T) {
			c := Start(t, Options{Topics: map[string]int32{"in": 3, "out": 1}})
			h := c.Host("p")
			a, b := newProducer(t, h, "a"), newProducer(t, h, "b")
			c.Complete(Completing{Ends: 2})
			a.begin("out", "1", "g", 0, 10)
			b.begin("out", "2", "g", 1, 10)
			end := a.endReq(true)
			end.Version = version
			var got []int16
			var last *kmsg.EndTxnResponse
			for range 5 {
				last = ask[*kmsg.EndTxnResponse](t, h, a.addr, end)
				got = append(got, last.ErrorCode)
			}
			want(t, "the end and four repetitions", [5]int16(got), [5]int16{0, 51, 51, 0, 0})
			if version == 5 {
				want(t, "the next epoch, told again", last.ProducerEpoch, a.epoch+1)
			}
			want(t, "another transaction's end", b.end(true), 0)
		})
	}
}
