package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/twmb/franz-go/pkg/kgo"
)

// peersDir is where programs in other languages are built; it stays, for their compilers take minutes.
const peersDir = "bin/peers"

// peer is a binary in another language: the tools it takes, how it is built, and what it is run for. One that can be
// measured live has live, which keeps its state in dir, and result.
type peer struct {
	name   string
	tools  []string
	build  func(ctx context.Context, dir string) *exec.Cmd
	jobs   func(*bench) []program
	live   func(dir string) beginning
	result func(*kgo.Record) (liveResult, error)
}

func peers() []peer {
	return []peer{
		{"Kafka Streams", []string{"java", "mvn"}, maven("streams"), streams, liveJava("streams"), javaResult},
		{"Flink", []string{"java", "mvn"}, maven("flink"), flink, liveJava("flink"), javaResult},
		{"Rust", []string{"cargo", "cc"}, buildRust, rust, nil, nil},
	}
}

// buildPeers builds those that can be built here, and says of each of the others why it is left out.
func buildPeers(ctx context.Context, all []peer) (built []peer, err error) {
	dir, err := filepath.Abs(peersDir)
	if err != nil {
		return nil, err
	}
	for _, p := range all {
		if tool := missing(p.tools); tool != "" {
			fmt.Fprintf(os.Stderr, "%s is left out: there is no %s in the path\n", p.name, tool)
			continue
		}
		if out, err := p.build(ctx, dir).CombinedOutput(); err != nil { // a tool that is too old, a registry out of reach
			fmt.Fprintf(os.Stderr, "%s is left out: build it: %v\n%s\n", p.name, err, tail(string(out)))
			continue
		}
		built = append(built, p)
	}
	return built, nil
}

// missing is the first of the tools that is not in the path; "" if all are.
func missing(tools []string) string {
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			return tool
		}
	}
	return ""
}

func buildRust(ctx context.Context, dir string) *exec.Cmd {
	return exec.CommandContext(ctx, "cargo", "build", "-q", "--release", "--locked", "--manifest-path", "test/rivals/rust/Cargo.toml", "--target-dir", filepath.Join(dir, "rust"))
}

func rust(b *bench) []program {
	return []program{{"Rust, by an expert", "nothing survives a crash", b.repeat, func(ctx context.Context) (sample, error) {
		return b.ask(ctx, checkMeans, filepath.Join(peersDir, "rust", "release", "peer-rust"), "-broker", b.cluster.addr, "-topic", b.topic.name)
	}}}
}
