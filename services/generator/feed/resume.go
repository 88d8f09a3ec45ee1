package feed

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrChanged means that the files are not the ones of which a part was handed out before.
var ErrChanged = errors.New("the files are not those that were loaded before")

// Resume goes on from a place that a Files of the same files has been at. It reads what is behind it in the file that
// is begun once more, to be sure that this is what was handed out; of files that are wholly behind names, sizes and
// beginnings must be the same. An error is ErrChanged, ctx's, or one of reading. It comes before the first Next.
func (f *Files) Resume(ctx context.Context, p Place) error {
	if p.Files > len(f.all) || p.Files == len(f.all) && p.Name != "" {
		return fmt.Errorf("%w: %d were begun, %d are named now", ErrChanged, p.begun(), len(f.all))
	}
	digest := ""
	for _, one := range f.all[:p.Files] {
		digest = behind(digest, one)
		f.read.Add(one.size)
	}
	if digest != p.Behind {
		return fmt.Errorf("%w: the first %d of them (%s) were loaded; now a name, a size or a beginning there is another, or their order",
			ErrChanged, p.Files, f.names(p.Files))
	}
	f.at = Place{Lines: p.Lines, Files: p.Files, Behind: p.Behind}
	if p.Name == "" {
		return nil
	}
	if now := f.all[p.Files].name; now != p.Name {
		return fmt.Errorf("%w: %d bytes of %s were loaded, where %s is now", ErrChanged, p.Bytes, p.Name, now)
	}
	if err := f.begin(); err != nil {
		return err
	}
	return f.skip(ctx, p)
}

// skip reads over what is behind p in its file.
func (f *Files) skip(ctx context.Context, p Place) error {
	path := f.all[p.Files].path
	table := crc32.MakeTable(crc32.Castagnoli)
	var sum uint32
	for left := p.Bytes; left > 0; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.fill(ctx, f.lines.buf[:min(left, int64(len(f.lines.buf)))])
		sum = crc32.Update(sum, table, f.lines.buf[:n])
		left, f.lines.passed = left-int64(n), f.lines.passed+int64(n)
		switch {
		case errors.Is(err, io.EOF) && left > 0:
			return fmt.Errorf("%w: the first %d bytes of %s's content were loaded, and now it has %d", ErrChanged, p.Bytes, path, p.Bytes-left)
		case err != nil && !errors.Is(err, io.EOF):
			return err
		}
	}
	if sum != p.Sum {
		return fmt.Errorf("%w: the first %d bytes of %s's content were loaded, with the checksum %08x; now it is %08x", ErrChanged, p.Bytes, path, p.Sum, sum)
	}
	f.lines.sum = sum
	return nil
}

// begun is how many files a place has seen the beginning of.
func (p *Place) begun() int {
	if p.Name == "" {
		return p.Files
	}
	return p.Files + 1
}

// names lists the first n files, or the outermost of many.
func (f *Files) names(n int) string {
	if n == 1 {
		return f.all[0].name
	}
	return f.all[0].name + " to " + f.all[n-1].name
}
