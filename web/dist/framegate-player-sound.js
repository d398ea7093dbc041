// player/ring.ts
var e = class {
	outRate;
	speed = 1;
	starved = 0;
	pieces = [];
	at = 0;
	playing = !1;
	level = 0;
	last = [0, 0];
	fade;
	constructor(e) {
		this.outRate = e, this.fade = 1 / (.004 * e);
	}
	push(e) {
		if ((e.planes[0]?.length ?? 0) === 0) return;
		let t = this.endMs;
		for (t !== null && (e.startMs < t - 20 || e.startMs > t + 2e3) && this.clear(), this.pieces.length === 0 && !this.playing && (this.at = 0), this.pieces.push(e); this.bufferedMs > 3e3;) this.drop();
	}
	clear() {
		this.pieces = [], this.at = 0, this.playing = !1;
	}
	skip(e) {
		let t = this.pieces[0];
		t && (this.level = 0, this.at += Math.min(e, Math.max(0, this.bufferedMs - 20)) / 1e3 * t.rate, this.settle());
	}
	get positionMs() {
		let e = this.pieces[0];
		return e && this.playing ? e.startMs + this.at / e.rate * 1e3 : null;
	}
	get bufferedMs() {
		let e = this.pieces[0];
		return e ? this.endMs - e.startMs - this.at / e.rate * 1e3 : 0;
	}
	read(e) {
		let t = e[0]?.length ?? 0;
		for (let n = 0; n < t; n++) this.sample(e, n);
	}
	get endMs() {
		let e = this.pieces.at(-1);
		return e ? e.startMs + e.planes[0].length / e.rate * 1e3 : null;
	}
	sample(e, t) {
		let n = this.ready(), r = n !== void 0 && this.at >= 0;
		this.level = Math.min(1, Math.max(0, this.level + (r ? this.fade : -this.fade)));
		for (let i = 0; i < e.length; i++) {
			let a = r ? this.value(n, i) : this.last[i] ?? 0;
			this.last[i] = a, e[i][t] = a * this.level;
		}
		n && (this.at += n.rate / this.outRate * this.speed, this.settle());
	}
	ready() {
		let e = this.pieces[0];
		return !this.playing && this.bufferedMs >= 20 && (this.playing = !0), this.playing ? e : void 0;
	}
	value(e, t) {
		let n = e.planes[t] ?? e.planes[0], r = Math.floor(this.at), i = n[r];
		return i + ((n[r + 1] ?? this.pieces[1]?.planes[t]?.[0] ?? i) - i) * (this.at - r);
	}
	settle() {
		for (let e = this.pieces[0]; e && this.at >= e.planes[0].length; e = this.pieces[0]) this.next(e);
	}
	next(e) {
		let t = e.planes[0].length;
		this.pieces.shift();
		let n = this.pieces[0];
		if (!n) {
			this.starved++, this.at = 0, this.playing = !1;
			return;
		}
		this.at = (this.at - t) / e.rate * n.rate;
		let r = n.startMs - e.startMs - t / e.rate * 1e3;
		r > 20 && (this.at -= r / 1e3 * n.rate);
	}
	drop() {
		this.pieces.shift(), this.at = 0, this.level = 0;
	}
}, t = .1;
function n(n) {
	class r extends n {
		ring = new e(sampleRate);
		number = 0;
		reportAtS = 0;
		closed = !1;
		constructor() {
			super(), this.port.onmessage = ({ data: e }) => this.obey(e);
		}
		process(e, t) {
			return currentTime >= this.reportAtS && this.report(), this.ring.read(t[0]), !this.closed;
		}
		report() {
			this.reportAtS = currentTime + t;
			let { positionMs: e, starved: n } = this.ring, r = {
				mediaMs: e,
				contextS: currentTime,
				starved: n,
				number: this.number
			};
			this.port.postMessage(r);
		}
		obey(e) {
			switch (e.type) {
				case "push":
					this.ring.push(e.piece);
					break;
				case "step":
					this.number = e.number, this.ring.speed = e.rate, e.skipMs !== 0 && this.ring.skip(e.skipMs);
					break;
				case "clear":
					this.ring.clear();
					break;
				case "close": this.closed = !0;
			}
		}
	}
	registerProcessor("framegate-sound", r);
}
typeof AudioWorkletProcessor == "function" && n(AudioWorkletProcessor);
