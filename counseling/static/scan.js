// Reads a card's code with the camera: opened at the tap, shut after a hit, on "no", on leaving, after 30 s.
// Pictures stay in this page's memory. Without camera or script the code is typed, as always.
(() => {
  "use strict";
  const LONGEST_MS = 30000;
  const PAUSE_MS = 80;
  const LARGEST_SIDE = 720; // more pixels only make the decoder slow
  const CARD = /^VN1:/; // anything else in sight (a shop's code, an identity card) is not ours to read
  const button = document.querySelector("[data-scan]");
  const dialog = document.getElementById("scan");
  const field = document.querySelector("[data-filter]");
  if (!button || !dialog || !field || !navigator.mediaDevices?.getUserMedia) return;
  const video = dialog.querySelector("video");
  const torch = dialog.querySelector("[data-scan-torch]");
  const again = dialog.querySelector("[data-scan-again]");
  let run = 0; // which opening of the camera is meant; an older one that answers late is shut at once
  let stream = null;
  let reader = null;
  let timer = 0;

  function say(what) {
    for (const line of dialog.querySelectorAll("[data-says]")) line.hidden = line.dataset.says !== what;
  }
  const shut = (one) => one?.getTracks().forEach((track) => track.stop());
  function stop() {
    run += 1;
    clearTimeout(timer);
    shut(stream);
    reader?.close();
    stream = reader = video.srcObject = null;
    torch.hidden = true;
  }
  function give(up) {
    stop();
    video.hidden = true;
    again.hidden = false;
    say(up);
  }

  // ---- what finds the code in a picture ----
  async function openReader() {
    const formats = "BarcodeDetector" in window ? await BarcodeDetector.getSupportedFormats().catch(() => []) : [];
    if (!formats.includes("qr_code")) return openDecoder();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    let other = null; // some phones name the format and then fail at every picture
    return {
      async read() {
        if (other) return other.read();
        try {
          return (await detector.detect(video))[0]?.rawValue;
        } catch {
          other = openDecoder();
          return other.read();
        }
      },
      close: () => other?.close(),
    };
  }
  function openDecoder() {
    const worker = new Worker(dialog.dataset.decoder);
    const canvas = document.createElement("canvas");
    const pen = canvas.getContext("2d", { willReadFrequently: true });
    return {
      read: () => new Promise((resolve, reject) => {
        const scale = Math.min(1, LARGEST_SIDE / Math.max(video.videoWidth, video.videoHeight));
        canvas.width = Math.round(video.videoWidth * scale);
        canvas.height = Math.round(video.videoHeight * scale);
        pen.drawImage(video, 0, 0, canvas.width, canvas.height);
        const picture = pen.getImageData(0, 0, canvas.width, canvas.height);
        worker.onmessage = (event) => resolve(event.data.data);
        worker.onerror = reject;
        worker.postMessage({ id: 1, type: "decode", data: picture }, [picture.data.buffer]);
      }),
      close: () => worker.terminate(),
    };
  }

  // ---- the camera ----
  const REASONS = { NotAllowedError: "denied", SecurityError: "denied", NotFoundError: "no-camera", OverconstrainedError: "no-camera" };
  async function start() {
    stop();
    const own = run;
    video.hidden = again.hidden = false;
    again.hidden = true;
    say("aim");
    if (!dialog.open) dialog.showModal();
    try {
      const opened = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: { ideal: 1280 } }, audio: false });
      if (own !== run) return shut(opened);
      stream = opened;
      timer = setTimeout(() => give("unreadable"), LONGEST_MS);
      video.srcObject = stream;
      await video.play();
      const track = stream.getVideoTracks()[0];
      track.addEventListener("ended", () => own === run && give("busy")); // pulled out
      torch.hidden = !track.getCapabilities?.().torch;
      torch.setAttribute("aria-pressed", "false");
      const opening = await openReader();
      if (own !== run) return opening.close();
      reader = opening;
      while (own === run) await look(own);
    } catch (error) {
      if (own === run) give(REASONS[error.name] || "busy");
    }
  }
  async function look(own) {
    const code = video.videoWidth ? await reader.read() : null;
    if (own !== run) return;
    if (code && CARD.test(code)) return found(code);
    if (code) say("other");
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  function found(code) {
    stop();
    dialog.close();
    field.value = code;
    field.form.requestSubmit();
  }

  button.hidden = false;
  button.addEventListener("click", start);
  again.addEventListener("click", start);
  dialog.querySelector("[data-scan-close]").addEventListener("click", () => dialog.close());
  dialog.addEventListener("close", () => {
    stop();
    if (!field.value) field.focus();
  });
  torch.addEventListener("click", async () => {
    const on = torch.getAttribute("aria-pressed") !== "true";
    await stream?.getVideoTracks()[0].applyConstraints({ advanced: [{ torch: on }] }).then(
      () => torch.setAttribute("aria-pressed", String(on)),
      () => { torch.hidden = true; },
    );
  });
  window.addEventListener("pagehide", () => dialog.close());
  document.addEventListener("visibilitychange", () => document.hidden && dialog.open && dialog.close());
})();
