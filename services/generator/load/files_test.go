package load

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/meanstream/meanstream/pkg/kafka/broker"
	"github.com/meanstream/meanstream/pkg/kafka/kafkatest"
	"github.com/meanstream/meanstream/services/generator/feed"
)

// stopAt ends a load when so many lines of the load are in.
func stopAt(n int64) func(*Config) { return func(c *Config) { c.Count = n } }

// part loads the first n lines.
func (r *rig) part(n int64, names ...string) {
	r.t.Helper()
	if err := r.begin("part", stopAt(n), names...).end(); err != nil {
		r.t.Fatal(err)
	}
	r.holds(int(n))
}

func TestAFinishedLoadSaysSoAndBringsNothingTwice(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("a", numbers(0, 50))
		for i := range 3 {
			p := r.begin(fmt.Sprint(i), nil, "a")
			if err := p.end(); err != nil {
				t.Fatal(err)
			}
			if got := p.Committed(); i > 0 && got != 0 {
				t.Errorf("it brought %d lines more", got)
			}
			r.holds(50)
		}
	})
}

func TestFilesThatCameBehindTheOthersAreLoadedToo(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("day-1.gz", numbers(0, 50))
		r.write("day-2.zst", numbers(50, 90))
		r.finish("first", "day-*")
		r.write("day-3", numbers(90, 130))
		r.finish("second", "day-*")
		r.holds(130)
	})
}

func TestACountIsOfTheLoadAndNotOfItsProcess(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("a", numbers(0, 100))
		r.part(30, "a")
		r.part(30, "a")
		r.part(70, "a")
		r.finish("rest", "a")
		r.holds(100)
	})
}

func TestALastLineWithoutAnEndIsALineAndEmptyFilesAreNone(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("a", []byte("0\n\n \r\n1\r\n2"))
		r.write("b", nil)
		r.write("c.gz", nil)
		r.write("d", []byte("3"))
		r.part(3, "a", "b", "c.gz", "d")
		r.finish("rest", "a", "b", "c.gz", "d")
		r.holds(4)
	})
}

// TestAFileThatIsNotCompleteIsLoadedOnWhenItIs cuts compressed files short, as a copy that is still under way is.
func TestAFileThatIsNotCompleteIsLoadedOnWhenItIs(t *testing.T) {
	for _, name := range []string{"a.gz", "a.zst"} {
		inBubble(t, 2, func(t *testing.T, r *rig) {
			var noise strings.Builder // that compression can't shorten to nothing
			for i := range 200_000 {
				fmt.Fprintf(&noise, "%d\n", i)
			}
			fast := func(c *Config) { c.Rate = 0; c.BatchBytes = 256 << 10 }
			r.write(name, []byte(noise.String()))
			whole, err := os.ReadFile(filepath.Join(r.dir, name))
			if err != nil {
				t.Fatal(err)
			}
			for _, cut := range []int{5, len(whole) * 3 / 4} {
				r.put(name, whole[:cut])
				err := r.begin(fmt.Sprint("cut at ", cut), fast, name).end()
				if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), name+" behind byte ") && cut > 5 || !strings.Contains(err.Error(), "not complete") {
					t.Fatalf("cut at %d of %d: %v", cut, len(whole), err)
				}
			}
			if n := len(r.c.ReadCommitted(topic)); n == 0 || n >= 200_000 {
				t.Errorf("%d lines of the part are in", n)
			}
			r.put(name, whole)
			if err := r.begin("whole", fast, name).end(); err != nil {
				t.Fatal(err)
			}
			r.holds(200_000)
		})
	}
}

// put writes bytes as they are.
func (r *rig) put(name string, data []byte) {
	r.t.Helper()
	if err := os.WriteFile(filepath.Join(r.dir, name), data, 0o600); err != nil {
		r.t.Fatal(err)
	}
}

func TestOtherFilesThanThoseThatWereLoadedAreRefused(t *testing.T) {
	for name, change := range map[string]func(r *rig) (names []string, want string){
		"a line that is in is another": func(r *rig) ([]string, string) {
			r.write("b", slices.Concat([]byte("X"), numbers(100, 200)[1:]))
			return []string{"a", "b"}, "b's content were loaded, with the checksum"
		},
		"the file was cut back": func(r *rig) ([]string, string) {
			r.write("b", numbers(100, 110))
			return []string{"a", "b"}, "b's content were loaded, and now it has 40"
		},
		"a file that is in is longer": func(r *rig) ([]string, string) {
			r.write("a", numbers(0, 101))
			return []string{"a", "b"}, "the first 1 of them (a) were loaded; now a name, a size or a beginning there is another"
		},
		"a file that is in is another": func(r *rig) ([]string, string) {
			r.write("a", slices.Concat(numbers(0, 99), []byte("98\n")))
			return []string{"a", "b"}, "the first 1 of them (a) were loaded"
		},
		"one is missing": func(*rig) ([]string, string) { return []string{"a"}, "2 were begun, 1 are named now" },
		"their order":    func(*rig) ([]string, string) { return []string{"b", "a"}, "the first 1 of them" },
		"one is between": func(r *rig) ([]string, string) {
			r.write("aa", numbers(0, 3))
			return []string{"a", "aa", "b"}, "of b were loaded, where aa is now"
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, 2, func(t *testing.T, r *rig) {
				r.write("a", numbers(0, 100))
				r.write("b", numbers(100, 200))
				r.part(150, "a", "b")
				names, want := change(r)
				err := r.begin("other", nil, names...).end()
				if !errors.Is(err, feed.ErrChanged) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "150 lines of it are in: name the same files again") {
					t.Errorf("got %v", err)
				}
				r.holds(150)
			})
		})
	}
}

func TestTheSameContentInOtherClothesIsGoneOnWith(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("a", numbers(0, 100))
		r.part(60, "a")
		r.write("a.gz", numbers(0, 100))
		if err := os.Rename(filepath.Join(r.dir, "a.gz"), filepath.Join(r.dir, "a")); err != nil {
			t.Fatal(err)
		}
		r.finish("rest", "a")
		r.holds(100)
	})
}

func TestAnotherNameLoadsOnceMore(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("a", numbers(0, 50))
		r.finish("first", "a")
		if err := r.begin("second", func(c *Config) { c.Name = "again" }, "a").end(); err != nil {
			t.Fatal(err)
		}
		if n := len(r.c.ReadCommitted(topic)); n != 100 {
			t.Errorf("%d lines are there, want 100", n)
		}
	})
}

func TestATopicMadeAnewIsLoadedFromTheBeginning(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("a", numbers(0, 50))
		r.part(30, "a")
		p := r.begin("rest", func(c *Config) { c.Topic.ID = broker.TopicID{1} }, "a") // as the brokers would say of another one
		if err := p.end(); err != nil || p.Committed() != 50 {
			t.Errorf("%d lines came in, %v", p.Committed(), err)
		}
	})
}

func TestAnOffsetOfSomebodyElseIsNoProgress(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("a", numbers(0, 50))
		client := broker.New(broker.Config{Brokers: r.c.Addrs(), Dial: r.c.Host("reset tool").Dial})
		defer client.Close()
		if code, err := client.OffsetCommit(t.Context(), broker.Member{Group: Prefix + "test", Generation: -1}, []broker.Offset{{TopicPartition: broker.TopicPartition{Topic: topic, Partition: keeper}, At: 7}}); err != nil || code != broker.OK {
			t.Fatal(err, code)
		}
		err := r.begin("p", nil, "a").end()
		if !errors.Is(err, errUnreadable) || !strings.Contains(err.Error(), "--delete --group meanstream-load-test") {
			t.Errorf("got %v", err)
		}
	})
}

func TestAGroupThatBrokersDoNotKnowHasNoProgress(t *testing.T) {
	inBubble(t, 2, func(t *testing.T, r *rig) {
		r.write("a", numbers(0, 50))
		rule := r.c.Host("p").On(kafkatest.Rule{Key: kmsg.OffsetFetch, Do: kafkatest.AnswerCode(69)})
		if err := r.begin("p", nil, "a").end(); err != nil || rule.Hits() != 1 {
			t.Errorf("%v, asked %d times", err, rule.Hits())
		}
		r.holds(50)
	})
}
