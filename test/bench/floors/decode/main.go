// Command decode is a floor of the bench: what it costs to read records that lie in memory, filter them and add them to
// exact sums by category and window, in a loop that knows their shape and can do nothing else.
package main

import (
	"flag"
	"fmt"
	"os"
	"syscall"

	"github.com/meanstream/meanstream/test/bench/workload"
	"github.com/meanstream/meanstream/test/rivals/answer"
)

func main() {
	var load workload.Load
	numbers := flag.String("numbers", "short", "short or long")
	flag.Uint64Var(&load.Seed, "seed", 1, "of the records")
	flag.IntVar(&load.Partitions, "partitions", 4, "that they are drawn for")
	flag.IntVar(&load.Records, "records", 10_000_000, "of all partitions")
	flag.Parse()
	load.Numbers = workload.Numbers(*numbers)
	err := load.Check()
	if err == nil {
		err = run(load)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "decode:", err)
		os.Exit(1)
	}
}

// chunk is how many records are drawn before time is taken for them: a little more than an answer's worth.
const chunk = 20_000

func run(load workload.Load) error {
	var a answer.Answer
	set := newSet()
	for number := range load.Partitions {
		p := load.Partition(number)
		for {
			block := draw(p)
			n := len(block.ends)
			if n == 0 {
				break
			}
			before, err := cpu()
			if err != nil {
				return err
			}
			if bad := block.add(set); bad > 0 {
				return fmt.Errorf("%d records were not read", bad)
			}
			after, err := cpu()
			if err != nil {
				return err
			}
			a.CPU += after - before
			a.Records += int64(n)
		}
	}
	a.Means = set.means()
	return answer.Write(os.Stdout, a)
}

// cpu is what this process has used, in seconds.
func cpu() (float64, error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, err
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime), nil
}

// block is some records, one behind the other.
type block struct {
	bytes []byte
	ends  []int
}

// draw makes the next block. Behind it there are bytes to spare, as there are behind nearly every record of an answer.
func draw(p *workload.Partition) block {
	b := block{bytes: make([]byte, 0, chunk*72)}
	for len(b.ends) < chunk {
		r, ok := p.Next()
		if !ok {
			break
		}
		b.bytes = p.Append(b.bytes, r)
		b.ends = append(b.ends, len(b.bytes))
	}
	b.bytes = append(b.bytes, make([]byte, spare)...)
	return b
}

// add is the loop that is measured.
func (b block) add(set *set) (bad int) {
	from := 0
	for _, end := range b.ends {
		second, v, category, ok := read(b.bytes[from:end])
		from = end
		switch {
		case !ok:
			bad++
		case v < workload.Limit:
			set.at(second, category).keep(v)
		default:
			set.at(second, category).filtered++
		}
	}
	return bad
}
