/*
 * usbsay.h - words for what usb.h and usb_list.h find.
 */
#ifndef USBSAY_H
#define USBSAY_H

#include <stddef.h>

#include "usb_list.h"

#define USBSAY_WARNINGS 4

/*
 * usbsay_warning(w, n): the sentence for the n-th of the warnings w, counting from 0 and below USBSAY_WARNINGS, without its
 * subject; NULL if w does not have that one. usbsay_warning_word: the same as a word for programs.
 */
const char *usbsay_warning(unsigned w, unsigned n);
const char *usbsay_warning_word(unsigned w, unsigned n);

/*
 * usbsay_unfit(why): why a place is not fit for ONCE, without the subject. usbsay_unfit_word: the same as a word for programs. Both
 * are "" if it is fit.
 */
const char *usbsay_unfit(enum usb_list_unfit why);
const char *usbsay_unfit_word(enum usb_list_unfit why);

/*
 * usbsay_show(out, d): what usb_show says, in the person's language. usbsay_at(out, path): the same for the device that the
 * directory path is on. Both return out.
 */
const char *usbsay_show(char out[USB_SHOWN_SIZE], const struct usb_device *d);
const char *usbsay_at(char out[USB_SHOWN_SIZE], const char *path);

#endif
