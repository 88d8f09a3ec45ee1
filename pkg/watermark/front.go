package watermark

// Front is how far several partitions have come that are committed together. A window closes when the last of them has
// passed its end, so a commit that is made when the first one has would only be in the way of that which counts. It is not
// safe for concurrent use.
type Front[K comparable] struct {
	patience int64
	all      map[K]mark
}

// mark is where one partition stands.
type mark struct {
	watermark int64
	rose      int64 // when it came there
}

// NewFront waits for nobody whose watermark has not risen for patience nanoseconds; 0 means for ever.
func NewFront[K comparable](patience int64) *Front[K] {
	return &Front[K]{patience: patience, all: map[K]mark{}}
}

// Come tells that a partition's watermark stands there at the time now.
func (f *Front[K]) Come(k K, watermark, now int64) {
	if at, known := f.all[k]; !known || watermark > at.watermark {
		f.all[k] = mark{watermark, now}
	}
}

// Passed tells whether nobody is waited for any more below the watermark w at the time now.
func (f *Front[K]) Passed(w, now int64) bool {
	for _, at := range f.all {
		if at.watermark < w && (f.patience == 0 || now-at.rose < f.patience) {
			return false
		}
	}
	return true
}
