package worker

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
)

// listen keeps what is logged from now on.
func (r *rig) listen() *observer.ObservedLogs {
	core, logs := observer.New(zap.InfoLevel)
	r.log = zap.New(core)
	return logs
}

// text is everything that was logged, a line each.
func text(logs []observer.LoggedEntry) string {
	var b strings.Builder
	enc := zapcore.NewConsoleEncoder(zapcore.EncoderConfig{MessageKey: "m"})
	for _, l := range logs {
		line, err := enc.EncodeEntry(l.Entry, l.Context)
		if err == nil {
			b.Write(line.Bytes())
		}
	}
	return strings.ReplaceAll(b.String(), `\"`, `"`)
}

// asked is how many requests a host has sent of the kinds that a loop would repeat.
func asked(h *kafkatest.Host) (n int) {
	for _, k := range []kmsg.Key{kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.OffsetFetch, kmsg.FindCoordinator,
		kmsg.JoinGroup, kmsg.InitProducerID, kmsg.AddPartitionsToTxn, kmsg.AddOffsetsToTxn, kmsg.TxnOffsetCommit} {
		n += h.Sent(k)
	}
	return n
}

// TestATopicThatIsDeletedUnderARunningProcessorIsWaitedFor: a line says what is missing, no loop runs hot, and with the
// topic made again work goes on, on the new one from its beginning.
func TestATopicThatIsDeletedUnderARunningProcessorIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		topic      string
		partitions int32
		says       string
		lines      int
	}{
		{"records", rigSources, "at 5: [3] Unknown Topic Or Partition", rigSources},
		{"partials", rigOutputs, `topic "partials", which does not exist`, 2},
		{"rejects", rigSources, `topic "rejects", which does not exist`, 2},
	} {
		t.Run(c.topic, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				logs := r.listen()
				p := r.start("a", nil)
				time.Sleep(10 * time.Second)
				r.send(5)
				time.Sleep(5 * time.Second)
				logs.TakeAll()
				if _, err := r.adm.DeleteTopics(t.Context(), c.topic); err != nil {
					t.Fatal(err)
				}
				if c.topic != "records" {
					r.sendGarbage(10)
				}
				before := asked(p.Host)
				time.Sleep(time.Minute)
				if n := asked(p.Host) - before; n > 1500 {
					t.Errorf("%d requests in a minute of waiting", n)
				}
				said := logs.TakeAll()
				if !strings.Contains(text(said), c.says) || len(said) > c.lines {
					t.Errorf("%d lines, want at most %d, one with %q:\n%s", len(said), c.lines, c.says, text(said))
				}
				if _, err := r.adm.CreateTopics(t.Context(), c.partitions, 1, nil, c.topic); err != nil {
					t.Fatal(err)
				}
				time.Sleep(20 * time.Second)
				r.client = r.cluster.Client(kgo.RecordPartitioner(kgo.ManualPartitioner())) // the old one knows the old topic
				was := 0
				if c.topic != "partials" {
					was = len(r.partials(0))
				}
				r.send(5)
				time.Sleep(5 * time.Second)
				if err := p.End(); err != nil {
					t.Fatal(err)
				}
				kept := int64(0)
				for _, p := range r.partials(0)[was:] {
					for _, s := range p.Sources {
						kept += s.Kept
					}
				}
				if kept != 5*rigSources {
					t.Errorf("%d records were kept afterwards, want %d", kept, 5*rigSources)
				}
			})
		})
	}
}

// sendGarbage appends a record of so many bytes that will be rejected.
func (r *rig) sendGarbage(bytes int) {
	r.t.Helper()
	if err := r.client.ProduceSync(r.t.Context(), &kgo.Record{Topic: "records", Value: make([]byte, bytes)}).FirstErr(); err != nil {
		r.t.Fatal(err)
	}
}

// TestATopicThatRefusesWhatIsSentIsNamedWithItsSetting: the message that a person gets.
func TestATopicThatRefusesWhatIsSentIsNamedWithItsSetting(t *testing.T) {
	for code, setting := range map[int16]string{
		10: "raise max.message.bytes", 18: "raise max.message.bytes", 32: "message.timestamp.type=LogAppendTime", 87: "cleanup.policy=compact",
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			p := r.start("a", nil)
			time.Sleep(5 * time.Second)
			p.On(kafkatest.Rule{Key: kmsg.Produce, Times: -1, Do: kafkatest.AnswerCode(code)})
			r.send(1)
			err := p.Ended()
			if want := "Produce to partials/0 answered " + broker.Code(code).Error(); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), setting) {
				t.Errorf("code %d: error %v, want one that says %q and names %s", code, err, want, setting)
			}
		})
	}
}

// TestARejectsTopicWithASmallLimitIsSaidAtTheStartAndStopsByName: the warning comes before the first reject, and the
// error names the topic that refused.
func TestARejectsTopicWithASmallLimitIsSaidAtTheStartAndStopsByName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		if _, err := r.adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{{Name: "max.message.bytes", Value: kadm.StringPtr("2000")}}, "rejects"); err != nil {
			t.Fatal(err)
		}
		logs := r.listen()
		p := r.start("a", nil)
		time.Sleep(5 * time.Second)
		if said := text(logs.TakeAll()); !strings.Contains(said, `topic "rejects" has max.message.bytes=2000: batches of up to 921600 bytes`) {
			t.Errorf("not said at the start:\n%s", said)
		}
		r.sendGarbage(5000)
		if err := p.Ended(); err == nil || !strings.Contains(err.Error(), "Produce to rejects/0 answered [10]") || !strings.Contains(err.Error(), "raise max.message.bytes") {
			t.Errorf("error %v", err)
		}
	})
}

// TestSettingsThatHarmAProcessorAreSaidOnceAtItsStart, and it works all the same.
func TestSettingsThatHarmAProcessorAreSaidOnceAtItsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for topic, s := range map[string]kadm.AlterConfig{
			"records":  {Name: "cleanup.policy", Value: kadm.StringPtr("compact")},
			"partials": {Name: "retention.ms", Value: kadm.StringPtr("3611999")},
		} {
			if _, err := r.adm.AlterTopicConfigs(t.Context(), []kadm.AlterConfig{s}, topic); err != nil {
				t.Fatal(err)
			}
		}
		logs := r.listen()
		p := r.start("a", func(s *Settings) { s.Rule.Window.Size, s.Rule.Window.Lateness = 10e9, 2e9 })
		time.Sleep(10 * time.Second)
		if err := p.End(); err != nil {
			t.Fatal(err)
		}
		said := text(logs.FilterLevelExact(zap.WarnLevel).TakeAll())
		for _, want := range []string{
			`topic "records" has cleanup.policy=compact: a record that a newer one of its key has replaced`,
			`topic "partials" has retention.ms=3611999 (1h0m11.999s): windows with their lateness and an hour in which the sink may be away need 1h0m12s`,
			`topic "partials" has message.timestamp.type=CreateTime and retention.ms=3611999: partials carry this machine's time`,
			`topic "rejects" has message.timestamp.type=CreateTime and retention.ms=604800000: rejects carry the time of their record`,
		} {
			if strings.Count(said, want) != 1 {
				t.Errorf("not said once: %s", want)
			}
		}
		if n := strings.Count(said, "\n"); n != 4 {
			t.Errorf("%d lines, want 4:\n%s", n, said)
		}
	})
}
