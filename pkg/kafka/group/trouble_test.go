package group

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"
)

// TestManyInTheSameTroubleSayItOnce has three that try the same fail for half a minute, with texts that differ in a port.
func TestManyInTheSameTroubleSayItOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		core, said := observer.New(zapcore.InfoLevel)
		voice := NewVoice(zap.New(core), "reading records")
		all := make([]Trouble, 3)
		for i := range all {
			all[i].Voice = voice
		}
		var began time.Time
		tries := 0
		for began = time.Now(); time.Since(began) < 25*time.Second; tries++ {
			all[tries%3].Pause(t.Context(), fmt.Errorf("dial from port %d: %w", tries, errors.ErrUnsupported))
		}
		all[0].Pause(t.Context(), errors.New("another trouble"))
		for i := range all {
			all[i].Over()
			all[i].Over()
		}
		var got []string
		for _, e := range said.All() {
			got = append(got, e.Message)
		}
		down := "reading records does not work at the moment, trying again"
		if want := []string{down, down, "reading records works again"}; !slices.Equal(got, want) {
			t.Errorf("said %q\nwant %q", got, want)
		}
		if tries < 25 || tries > 100 {
			t.Errorf("%d tries in 25 s of three: about one a second is wanted in the end", tries)
		}
	})
}
