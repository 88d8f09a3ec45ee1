// Package daemon is what each process does around its work: it reads flags and
// environment, owns the signals, logs, and answers health, readiness and metrics.
//
// A service embeds the flag groups it needs in its own Config, adds flags of
// its own, and hands over one function:
//
//	type Config struct {
//		daemon.Kafka
//		daemon.Topics
//		Group string `default:"sink" group:"first" help:"Consumer group."`
//		daemon.Log
//		daemon.Admin
//	}
//
//	func main() {
//		var cfg Config
//		daemon.Main(daemon.Program{Name: "sink"}, &cfg, func(ctx context.Context, p *daemon.Process) error {
//			return run(ctx, cfg, p)
//		})
//	}
//
// Nothing starts before every setting is known to be right; all that is wrong
// is said at once. The context ends at the first SIGINT or SIGTERM, and what
// the function returns decides the exit code: it is the only way out.
//
// Exit codes: 0 done, or stopped as asked; 1 an error, which is the last log
// line; 2 wrong settings; 130 or 143 a second SIGINT or SIGTERM.
package daemon
