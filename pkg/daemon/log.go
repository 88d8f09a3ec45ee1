package daemon

import (
	"io"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// newLogger writes to w: lines for people on a terminal, JSON elsewhere, unless
// the format is chosen. Nothing is sampled and there are no stack traces: each
// event is logged once, with words that say where it happened.
func newLogger(name string, l Log, w io.Writer, terminal bool) (*zap.Logger, error) {
	level, err := zapcore.ParseLevel(l.LogLevel)
	if err != nil {
		return nil, err
	}
	keys := zapcore.EncoderConfig{
		TimeKey: "time", LevelKey: "level", NameKey: "service", MessageKey: "msg",
		LineEnding:       zapcore.DefaultLineEnding,
		EncodeTime:       encodeUTC,
		EncodeLevel:      zapcore.LowercaseLevelEncoder,
		EncodeDuration:   zapcore.StringDurationEncoder,
		EncodeName:       zapcore.FullNameEncoder,
		ConsoleSeparator: "  ",
	}
	encoder := zapcore.NewJSONEncoder(keys)
	if l.LogFormat == "console" || l.LogFormat == "auto" && terminal {
		encoder = zapcore.NewConsoleEncoder(keys)
	}
	core := zapcore.NewCore(encoder, zapcore.Lock(zapcore.AddSync(w)), level)
	return zap.New(core).Named(name), nil
}

// encodeUTC writes ISO 8601, so that logs of machines in two zones compare.
func encodeUTC(t time.Time, out zapcore.PrimitiveArrayEncoder) {
	out.AppendString(t.UTC().Format("2006-01-02T15:04:05.000Z"))
}
