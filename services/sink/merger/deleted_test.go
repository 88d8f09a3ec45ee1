package merger

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/pkg/watermark"
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

// TestATopicThatIsDeletedUnderARunningSinkIsWaitedFor: a line says what is missing, and no loop runs hot. With the topic
// made again, work goes on where that can be right, and stops by name where it can't.
func TestATopicThatIsDeletedUnderARunningSinkIsWaitedFor(t *testing.T) {
	for _, c := range []struct {
		topic string
		says  string
		lines int
		ends  error // afterwards, by itself
	}{
		{"records", `look up topic "records": [3] Unknown Topic Or Partition`, 1, watermark.ErrTopicID},
		{"partials", "read partials/0 at 2: [3] Unknown Topic Or Partition", 1, ErrPurged},
		{"results", `topic "results", which does not exist`, 2, nil},
	} {
		t.Run(c.topic, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t)
				logs := r.listen()
				s := r.start(nil)
				time.Sleep(10 * time.Second)
				r.report(5, 10, "a", 1)
				r.report(15, 20, "b", 1)
				time.Sleep(2 * time.Second)
				logs.TakeAll()
				if _, err := r.adm.DeleteTopics(t.Context(), c.topic); err != nil {
					t.Fatal(err)
				}
				if c.topic == "results" {
					r.report(25, 30, "c", 1)
				}
				before := asked(s.Host)
				time.Sleep(time.Minute)
				if n := asked(s.Host) - before; n > 1500 {
					t.Errorf("%d requests in a minute of waiting", n)
				}
				said := logs.TakeAll()
				if !strings.Contains(text(said), c.says) || len(said) > c.lines {
					t.Errorf("%d lines, want at most %d, one with %q:\n%s", len(said), c.lines, c.says, text(said))
				}
				made, err := r.adm.CreateTopics(t.Context(), 1, 1, nil, c.topic)
				if err != nil {
					t.Fatal(err)
				}
				if c.topic == "records" { // a processor speaks of the new one from now on
					r.topicID, r.to = made[c.topic].ID, 0
				}
				time.Sleep(10 * time.Second)
				if c.ends == nil {
					r.report(35, 40, "d", 1)
					time.Sleep(5 * time.Second)
					if err := s.End(); err != nil {
						t.Fatal(err)
					}
					if got := r.results(); len(got) != 2 || !strings.HasPrefix(got[0], "b000") {
						t.Errorf("the topic that was made again holds %q, want b and c", got)
					}
					return
				}
				if c.topic == "records" {
					r.report(35, 40, "d", 1)
				}
				if err := s.Ended(); !errors.Is(err, c.ends) || !strings.Contains(err.Error(), "--start-over") {
					t.Errorf("error %v, want %v", err, c.ends)
				}
			})
		})
	}
}

// TestATopicThatRefusesWhatIsSentIsNamedWithItsSetting: the message that a person gets.
func TestATopicThatRefusesWhatIsSentIsNamedWithItsSetting(t *testing.T) {
	for code, settings := range map[int16][]string{
		10: {"raise max.message.bytes"}, 18: {"raise max.message.bytes"},
		32: {"message.timestamp.type=LogAppendTime", "message.timestamp.before.max.ms", "message.timestamp.after.max.ms"},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(t)
			s := r.start(nil)
			time.Sleep(5 * time.Second)
			s.On(kafkatest.Rule{Key: kmsg.Produce, Times: -1, Do: kafkatest.AnswerCode(code)})
			r.report(5, 10, "a", 1)
			r.report(15, 20, "b", 1)
			err := s.Ended()
			for _, want := range append(settings, "Produce to results/0 answered "+broker.Code(code).Error()) {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("code %d: error %v does not say %q", code, err, want)
				}
			}
		})
	}
}

// TestSettingsThatHarmASinkAreSaidOnceAtItsStart, and it works all the same.
func TestSettingsThatHarmASinkAreSaidOnceAtItsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t)
		for topic, settings := range map[string][]kadm.AlterConfig{
			"partials": {{Name: "retention.ms", Value: kadm.StringPtr("60000")}},
			"results":  {{Name: "cleanup.policy", Value: kadm.StringPtr("compact,delete")}, {Name: "retention.ms", Value: kadm.StringPtr("3600000")}},
		} {
			if _, err := r.adm.AlterTopicConfigs(t.Context(), settings, topic); err != nil {
				t.Fatal(err)
			}
		}
		logs := r.listen()
		s := r.start(func(s *Settings) { s.CloseIdleAfter = 30 * time.Second })
		time.Sleep(10 * time.Second)
		r.report(5, 10, "a", 1)
		r.report(15, 20, "b", 1)
		time.Sleep(5 * time.Second)
		if err := s.End(); err != nil {
			t.Fatal(err)
		}
		said := text(logs.FilterLevelExact(zap.WarnLevel).TakeAll())
		for _, want := range []string{
			`topic "partials" has retention.ms=60000 (1m0s): windows that wait for silent sources and an hour in which the sink may be away need 1h0m30s`,
			`topic "results" has cleanup.policy=compact,delete: only the newest result of each category stays`,
			`topic "results" has message.timestamp.type=CreateTime and retention.ms=3600000: results carry the end of their window`,
		} {
			if strings.Count(said, want) != 1 {
				t.Errorf("not said once: %s", want)
			}
		}
		if n := strings.Count(said, "\n"); n != 3 {
			t.Errorf("%d lines, want 3:\n%s", n, said)
		}
		if got := r.results(); len(got) != 1 {
			t.Errorf("results %q", got)
		}
	})
}
