<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en_US" sourcelanguage="en_US">
<context>
    <name>AlbumChoice</name>
    <message numerus="yes">
        <source>%n album(s)</source>
        <translation>
            <numerusform>%n album</numerusform>
            <numerusform>%n albums</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AlbumList</name>
    <message numerus="yes">
        <source>Show %n more album(s)</source>
        <translation>
            <numerusform>Show %n more album</numerusform>
            <numerusform>Show %n more albums</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AlbumRow</name>
    <message numerus="yes">
        <source>%Ln photo(s)</source>
        <translation>
            <numerusform>%Ln photo</numerusform>
            <numerusform>%Ln photos</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln video(s), counted only</source>
        <translation>
            <numerusform>%Ln video, counted only</numerusform>
            <numerusform>%Ln videos, counted only</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AnswerControl</name>
    <message numerus="yes">
        <source>%n photo(s) found</source>
        <translation>
            <numerusform>%n photo found</numerusform>
            <numerusform>%n photos found</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FeedbackBar</name>
    <message numerus="yes">
        <source>%n more like these</source>
        <translation>
            <numerusform>%n more like this</numerusform>
            <numerusform>%n more like these</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n less</source>
        <translation>
            <numerusform>%n less</numerusform>
            <numerusform>%n less</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n less like these</source>
        <translation>
            <numerusform>%n less like this</numerusform>
            <numerusform>%n less like these</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FolderRow</name>
    <message numerus="yes">
        <source>%n photo(s)</source>
        <translation>
            <numerusform>%n photo</numerusform>
            <numerusform>%n photos</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GalleryControl</name>
    <message numerus="yes">
        <source>%n photo(s) added.</source>
        <translation>
            <numerusform>%n photo added.</numerusform>
            <numerusform>%n photos added.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) could not be read; the gallery says why.</source>
        <translation>
            <numerusform>%n file could not be read; the gallery says why.</numerusform>
            <numerusform>%n files could not be read; the gallery says why.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GalleryPanel</name>
    <message numerus="yes">
        <source>%n photo(s) added</source>
        <translation>
            <numerusform>%n photo added</numerusform>
            <numerusform>%n photos added</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n moved</source>
        <translation>
            <numerusform>%n moved</numerusform>
            <numerusform>%n moved</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n no longer there</source>
        <translation>
            <numerusform>%n no longer there</numerusform>
            <numerusform>%n no longer there</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n skipped</source>
        <translation>
            <numerusform>%n skipped</numerusform>
            <numerusform>%n skipped</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n photo(s)</source>
        <translation>
            <numerusform>%n photo</numerusform>
            <numerusform>%n photos</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) could not be read</source>
        <translation>
            <numerusform>%n file could not be read</numerusform>
            <numerusform>%n files could not be read</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>LeftRow</name>
    <message numerus="yes">
        <source>%Ln original(s) ({0}) of photos that left the gallery</source>
        <translation>
            <numerusform>%Ln original ({0}) of a photo that left the gallery</numerusform>
            <numerusform>%Ln originals ({0}) of photos that left the gallery</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>Delete %Ln original(s), {0}?</source>
        <translation>
            <numerusform>Delete %Ln original, {0}?</numerusform>
            <numerusform>Delete %Ln originals, {0}?</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message numerus="yes">
        <source>%n photo(s) in the gallery</source>
        <translation>
            <numerusform>%n photo in the gallery</numerusform>
            <numerusform>%n photos in the gallery</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PhoneCard</name>
    <message numerus="yes">
        <source>%Ln photo(s) did not come</source>
        <translation>
            <numerusform>%Ln photo did not come</numerusform>
            <numerusform>%Ln photos did not come</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PhoneControl</name>
    <message numerus="yes">
        <source>%Ln original(s) deleted, {0} freed.</source>
        <translation>
            <numerusform>%Ln original deleted, {0} freed.</numerusform>
            <numerusform>%Ln originals deleted, {0} freed.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln original(s) are here.</source>
        <translation>
            <numerusform>%Ln original is here.</numerusform>
            <numerusform>%Ln originals are here.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PhonePanel</name>
    <message numerus="yes">
        <source>%n connected</source>
        <translation>
            <numerusform>%n connected</numerusform>
            <numerusform>%n connected</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PhoneRow</name>
    <message numerus="yes">
        <source>%n photo(s)</source>
        <translation>
            <numerusform>%n photo</numerusform>
            <numerusform>%n photos</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PhoneWords</name>
    <message numerus="yes">
        <source>%Ln photo(s) can be searched</source>
        <translation>
            <numerusform>%Ln photo can be searched</numerusform>
            <numerusform>%Ln photos can be searched</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} of %Ln photo(s) can be searched</source>
        <translation>
            <numerusform>{0} of %Ln photo can be searched</numerusform>
            <numerusform>{0} of %Ln photos can be searched</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} of %Ln photo(s)</source>
        <translation>
            <numerusform>{0} of %Ln photo</numerusform>
            <numerusform>{0} of %Ln photos</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln photo(s) a second</source>
        <translation>
            <numerusform>%Ln photo a second</numerusform>
            <numerusform>%Ln photos a second</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln original(s) here ({0})</source>
        <translation>
            <numerusform>%Ln original here ({0})</numerusform>
            <numerusform>%Ln originals here ({0})</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) cannot be shown: damaged, or no photos</source>
        <translation>
            <numerusform>%Ln file cannot be shown: damaged, or no photo</numerusform>
            <numerusform>%Ln files cannot be shown: damaged, or no photos</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln video(s) stay on the phone</source>
        <translation>
            <numerusform>%Ln video stays on the phone</numerusform>
            <numerusform>%Ln videos stay on the phone</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln folder(s) so far</source>
        <translation>
            <numerusform>%Ln folder so far</numerusform>
            <numerusform>%Ln folders so far</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ScanProgress</name>
    <message numerus="yes">
        <source>about %n minute(s) left</source>
        <translation>
            <numerusform>about %n minute left</numerusform>
            <numerusform>about %n minutes left</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>about %n hour(s) left</source>
        <translation>
            <numerusform>about %n hour left</numerusform>
            <numerusform>about %n hours left</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) so far</source>
        <translation>
            <numerusform>%n file so far</numerusform>
            <numerusform>%n files so far</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SkippedDialog</name>
    <message numerus="yes">
        <source>{0} (%n file(s))</source>
        <translation>
            <numerusform>{0} (%n file)</numerusform>
            <numerusform>{0} (%n files)</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SyncMeter</name>
    <message numerus="yes">
        <source>%Ln photo(s) can be searched already</source>
        <translation>
            <numerusform>%Ln photo can be searched already</numerusform>
            <numerusform>%Ln photos can be searched already</numerusform>
        </translation>
    </message>
</context>
</TS>
