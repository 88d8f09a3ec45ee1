package record

// flatNames are other names of the three fields, all different.
type flatNames struct{ time, value, category string }

// fast is the function of that name for other names than the default's. It is written out once more because a switch
// over constants is what makes that one as fast as it is; a fuzzer holds both to the reference.
func (n *flatNames) fast(b []byte, r *Record, at *spots) bool {
	var got Record
	var time, value, category bool
	i := skipSpace(b, 0)
	if i >= len(b) || b[i] != '{' {
		return false
	}
	for {
		name, next, _, ok := plainString(b, skipSpace(b, i+1))
		if !ok {
			return false
		}
		if next = skipSpace(b, next); next >= len(b) || b[next] != ':' {
			return false
		}
		next = skipSpace(b, next+1)
		switch {
		case string(name) == n.time:
			got.Time, i, time = plainTime(b, next)
			ok, at[timeField] = time, spot{kind: timeField, from: next, to: i}
		case string(name) == n.value:
			got.Value, i, value = quickValue(b, next)
			ok, at[valueField] = value, spot{kind: valueField, from: next, to: i}
		case string(name) == n.category:
			got.Category, i, category = plainCategory(b, next)
			ok, at[categoryField] = category, spot{kind: categoryField, from: next, to: i}
		default:
			i, ok = skipValue(b, next, 1)
		}
		if !ok {
			return false
		}
		if i = skipSpace(b, i); i >= len(b) {
			return false
		}
		if b[i] == '}' {
			break
		}
		if b[i] != ',' {
			return false
		}
	}
	if skipSpace(b, i+1) != len(b) || !time || !value || !category {
		return false
	}
	*r = got
	return true
}
