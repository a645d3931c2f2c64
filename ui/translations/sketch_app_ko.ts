<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="ko_KR" sourcelanguage="en_US">
<context>
    <name>Actions</name>
    <message>
        <source>Black pen</source>
        <translation>검은 펜</translation>
    </message>
    <message>
        <source>Green pen</source>
        <translation>초록 펜</translation>
    </message>
    <message>
        <source>Red pen</source>
        <translation>빨간 펜</translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation>지우개</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>카메라</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>다시 실행</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>찾기</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>실행 취소</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>모두 지우기</translation>
    </message>
    <message>
        <source>Save sketch</source>
        <translation>스케치 저장</translation>
    </message>
    <message>
        <source>Open sketch</source>
        <translation>스케치 열기</translation>
    </message>
    <message>
        <source>Add a folder of photos</source>
        <translation>사진 폴더 추가</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>설정</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>끝내기</translation>
    </message>
</context>
<context>
    <name>AirOverlay</name>
    <message>
        <source>Undo</source>
        <translation>실행 취소</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>다시 실행</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>찾기</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>저장</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>모두 지우기</translation>
    </message>
</context>
<context>
    <name>AlbumChoice</name>
    <message>
        <source>Find an album</source>
        <translation>앨범 찾기</translation>
    </message>
    <message>
        <source>All albums</source>
        <translation>모든 앨범</translation>
    </message>
    <message numerus="yes">
        <source>%n album(s)</source>
        <translation>
            <numerusform>앨범 %n개</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AlbumList</name>
    <message>
        <source>Albums</source>
        <translation>앨범</translation>
    </message>
    <message>
        <source>Looking for albums…</source>
        <translation>앨범을 찾는 중…</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <comment>albums ticked, albums in all</comment>
        <translation>{1}개 중 {0}개</translation>
    </message>
    <message>
        <source>All</source>
        <translation>전체</translation>
    </message>
    <message>
        <source>There are no photos on this phone.</source>
        <translation>이 휴대폰에는 사진이 없어요.</translation>
    </message>
    <message>
        <source>One album stays ticked: there must be something to sync.</source>
        <translation>앨범 하나는 남아 있어야 해요: 동기화할 것이 있어야 하니까요.</translation>
    </message>
    <message>
        <source>This counts from the next sync.</source>
        <translation>다음 동기화부터 적용돼요.</translation>
    </message>
    <message numerus="yes">
        <source>Show %n more album(s)</source>
        <translation>
            <numerusform>앨범 %n개 더 보기</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AlbumRow</name>
    <message numerus="yes">
        <source>%Ln photo(s)</source>
        <translation>
            <numerusform>사진 %Ln장</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln video(s), counted only</source>
        <translation>
            <numerusform>동영상 %Ln개(개수만 세요)</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>AnswerControl</name>
    <message>
        <source>Searching; the first time takes a little longer</source>
        <translation>찾는 중이에요. 처음에는 조금 더 걸려요</translation>
    </message>
    <message numerus="yes">
        <source>%n photo(s) found</source>
        <translation>
            <numerusform>사진 %n장을 찾았어요</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} in {1} s</source>
        <translation>{0} ({1}초)</translation>
    </message>
</context>
<context>
    <name>App</name>
    <message>
        <source>sketch_app is already open with this gallery.</source>
        <translation>이 갤러리로 sketch_app이 이미 열려 있어요.</translation>
    </message>
    <message>
        <source>Go to that window, or open a second one. Only one of them at a time can add photos; both can search.</source>
        <translation>그 창으로 가거나 창을 하나 더 열 수 있어요. 사진은 한 번에 한 창에서만 추가할 수 있고, 찾기는 두 창에서 모두 할 수 있어요.</translation>
    </message>
    <message>
        <source>Go to that window</source>
        <translation>그 창으로 가기</translation>
    </message>
    <message>
        <source>Open a second window</source>
        <translation>창 하나 더 열기</translation>
    </message>
</context>
<context>
    <name>Background</name>
    <message>
        <source>Something went wrong ({0}): {1}. The log has the details.</source>
        <translation>문제가 생겼어요({0}): {1}. 자세한 내용은 로그에 있어요.</translation>
    </message>
</context>
<context>
    <name>CrashReporter</name>
    <message>
        <source>sketch_app has a fault</source>
        <translation>sketch_app에 문제가 생겼어요</translation>
    </message>
    <message>
        <source>Something went wrong. Your sketch is kept; you can go on, or start again.</source>
        <translation>문제가 생겼어요. 스케치는 그대로 있으니 계속하거나 다시 시작할 수 있어요.</translation>
    </message>
    <message>
        <source>The log is {0}</source>
        <translation>로그 파일: {0}</translation>
    </message>
    <message>
        <source>No log could be written.</source>
        <translation>로그를 쓰지 못했어요.</translation>
    </message>
    <message>
        <source>Open the log&apos;s folder</source>
        <translation>로그 폴더 열기</translation>
    </message>
</context>
<context>
    <name>FeedbackBar</name>
    <message>
        <source>Back to the sketch</source>
        <translation>스케치로 돌아가기</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>Forget what you said of these photos</source>
        <translation>이 사진들에 표시한 것을 지워요</translation>
    </message>
    <message>
        <source>The photo that is looked for; press to go back to the sketch</source>
        <translation>찾는 기준이 된 사진이에요. 누르면 스케치로 돌아가요.</translation>
    </message>
    <message>
        <source>Not this one; press to take it back</source>
        <translation>이 사진이 아니에요. 누르면 되돌려요.</translation>
    </message>
    <message>
        <source>This one; press to take it back</source>
        <translation>이 사진이에요. 누르면 되돌려요.</translation>
    </message>
    <message numerus="yes">
        <source>%n more like these</source>
        <translation>
            <numerusform>비슷하게 %n장</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n less</source>
        <translation>
            <numerusform>제외 %n장</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n less like these</source>
        <translation>
            <numerusform>제외 %n장</numerusform>
        </translation>
    </message>
    <message>
        <source>Photos like this one</source>
        <translation>이 사진과 비슷한 사진</translation>
    </message>
</context>
<context>
    <name>FileCommands</name>
    <message>
        <source>There is nothing to save yet: draw something first.</source>
        <translation>아직 저장할 것이 없어요. 먼저 무언가를 그려 보세요.</translation>
    </message>
    <message>
        <source>Saved as {0} (.json, .svg, .png) in {1}</source>
        <translation>{1}에 {0} (.json, .svg, .png) 이름으로 저장했어요</translation>
    </message>
    <message>
        <source>Open a sketch</source>
        <translation>스케치 열기</translation>
    </message>
    <message>
        <source>Opened {0}. Undo brings back the former sketch.</source>
        <translation>{0} 파일을 열었어요. 실행 취소를 누르면 이전 스케치로 돌아가요.</translation>
    </message>
    <message>
        <source>Add a folder of photos</source>
        <translation>사진 폴더 추가</translation>
    </message>
</context>
<context>
    <name>FolderRow</name>
    <message numerus="yes">
        <source>%n photo(s)</source>
        <translation>
            <numerusform>사진 %n장</numerusform>
        </translation>
    </message>
    <message>
        <source>Scan again</source>
        <translation>다시 살펴보기</translation>
    </message>
    <message>
        <source>Open the folder</source>
        <translation>폴더 열기</translation>
    </message>
    <message>
        <source>Remove from the gallery…</source>
        <translation>갤러리에서 빼기…</translation>
    </message>
    <message>
        <source>What to do with this folder</source>
        <translation>이 폴더로 할 수 있는 일</translation>
    </message>
    <message>
        <source>What to do with {0}</source>
        <translation>{0} 폴더로 할 수 있는 일</translation>
    </message>
</context>
<context>
    <name>GalleryControl</name>
    <message numerus="yes">
        <source>%n photo(s) added.</source>
        <translation>
            <numerusform>사진 %n장을 추가했어요.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) could not be read; the gallery says why.</source>
        <translation>
            <numerusform>파일 %n개를 읽지 못했어요. 이유는 갤러리에서 볼 수 있어요.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>GalleryFilters</name>
    <message>
        <source>Filters</source>
        <translation>필터</translation>
    </message>
    <message>
        <source>Clear</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>Taken</source>
        <translation>찍은 때</translation>
    </message>
    <message>
        <source>Albums</source>
        <translation>앨범</translation>
    </message>
    <message>
        <source>Kind</source>
        <translation>종류</translation>
    </message>
    <message>
        <source>At any time</source>
        <translation>언제든지</translation>
    </message>
    <message>
        <source>In the last 30 days</source>
        <translation>최근 30일</translation>
    </message>
    <message>
        <source>This year</source>
        <translation>올해</translation>
    </message>
    <message>
        <source>Last year</source>
        <translation>작년</translation>
    </message>
    <message>
        <source>Between two days</source>
        <translation>기간 직접 고르기</translation>
    </message>
    <message>
        <source>Every kind</source>
        <translation>모든 종류</translation>
    </message>
    <message>
        <source>Photos from a camera</source>
        <translation>카메라로 찍은 사진</translation>
    </message>
    <message>
        <source>Screenshots</source>
        <translation>스크린샷</translation>
    </message>
    <message>
        <source>Other pictures</source>
        <translation>그 밖의 그림</translation>
    </message>
    <message>
        <source>First day</source>
        <translation>첫날</translation>
    </message>
    <message>
        <source>Last day</source>
        <translation>마지막 날</translation>
    </message>
</context>
<context>
    <name>GalleryPanel</name>
    <message numerus="yes">
        <source>%n photo(s) added</source>
        <translation>
            <numerusform>사진 %n장 추가</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n moved</source>
        <translation>
            <numerusform>%n장 옮겨짐</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n no longer there</source>
        <translation>
            <numerusform>%n장 없어짐</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%n skipped</source>
        <translation>
            <numerusform>%n개 건너뜀</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing has changed.</source>
        <translation>바뀐 것이 없어요.</translation>
    </message>
    <message>
        <source>Cancelled: {0}</source>
        <translation>취소됨: {0}</translation>
    </message>
    <message>
        <source>Gallery</source>
        <translation>갤러리</translation>
    </message>
    <message>
        <source>Add a folder</source>
        <translation>폴더 추가</translation>
    </message>
    <message>
        <source>Scan again</source>
        <translation>다시 살펴보기</translation>
    </message>
    <message>
        <source>No folder has been added yet.</source>
        <translation>아직 추가한 폴더가 없어요.</translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) could not be read</source>
        <translation>
            <numerusform>읽지 못한 파일 %n개</numerusform>
        </translation>
    </message>
    <message>
        <source>Your photos are only read, never changed. What the program remembers of them is kept in {0}.</source>
        <translation>사진은 읽기만 하고 절대 바꾸지 않아요. 프로그램이 기억하는 내용은 {0}에 보관해요.</translation>
    </message>
    <message>
        <source>Remove the folder</source>
        <translation>폴더 빼기</translation>
    </message>
    <message>
        <source>Remove “{0}” from the gallery?</source>
        <translation>갤러리에서 ‘{0}’ 폴더를 뺄까요?</translation>
    </message>
    <message>
        <source>Its photos stay where they are; they are only no longer found.</source>
        <translation>사진은 그 자리에 그대로 남고, 찾기 결과에만 나오지 않아요.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>빼기</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>그대로 두기</translation>
    </message>
    <message numerus="yes">
        <source>%n photo(s)</source>
        <translation>
            <numerusform>사진 %n장</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImaginationPanel</name>
    <message>
        <source>Imagined as: “{0}”</source>
        <translation>이렇게 상상해요: ‘{0}’</translation>
    </message>
    <message>
        <source>What your sketch is imagined as</source>
        <translation>스케치로 상상한 것</translation>
    </message>
    <message>
        <source>No imagined picture yet</source>
        <translation>아직 상상한 그림이 없어요</translation>
    </message>
    <message>
        <source>Imagined, not a photo. Press to enlarge.</source>
        <translation>상상한 그림이고 사진이 아니에요. 누르면 크게 보여요.</translation>
    </message>
    <message>
        <source>Imagined by the small built-in model, not a photo. Press to enlarge.</source>
        <translation>사진이 아니라 내장된 작은 모델이 떠올린 그림이에요. 누르면 커져요.</translation>
    </message>
    <message>
        <source>Imagined picture of {0}</source>
        <translation>상상한 그림: {0}</translation>
    </message>
    <message>
        <source>Comparing</source>
        <translation>비교하는 중</translation>
    </message>
    <message>
        <source>Naming the sketch</source>
        <translation>스케치 이름 짓는 중</translation>
    </message>
    <message>
        <source>Imagining a photo</source>
        <translation>사진을 상상하는 중</translation>
    </message>
    <message>
        <source>Imagined, not a photo</source>
        <translation>상상한 그림, 사진이 아니에요</translation>
    </message>
    <message>
        <source>A rough idea, not a photo</source>
        <translation>대강의 모습이에요. 사진이 아니에요</translation>
    </message>
    <message>
        <source>What your sketch may look like as a photo appears here.</source>
        <translation>스케치가 사진이라면 어떤 모습일지 여기에 나타나요.</translation>
    </message>
    <message>
        <source>No picture was imagined.</source>
        <translation>상상한 그림이 없어요.</translation>
    </message>
    <message>
        <source>Naming</source>
        <translation>이름 짓기</translation>
    </message>
    <message>
        <source>Imagining</source>
        <translation>상상하기</translation>
    </message>
    <message>
        <source>{0}: {1} s</source>
        <translation>{0}: {1}초</translation>
    </message>
    <message>
        <source>Saved as {0} in {1}</source>
        <translation>{1}에 {0}(으)로 저장했어요</translation>
    </message>
    <message>
        <source>The picture is on the clipboard.</source>
        <translation>그림을 클립보드에 복사했어요.</translation>
    </message>
</context>
<context>
    <name>ImaginedPopup</name>
    <message>
        <source>Imagined picture of {0}</source>
        <translation>상상한 그림: {0}</translation>
    </message>
    <message>
        <source>Imagined from your sketch, not a photo</source>
        <translation>스케치로 상상한 그림, 사진이 아니에요</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>복사</translation>
    </message>
    <message>
        <source>Save picture</source>
        <translation>그림 저장</translation>
    </message>
</context>
<context>
    <name>LeftRow</name>
    <message numerus="yes">
        <source>%Ln original(s) ({0}) of photos that left the gallery</source>
        <translation>
            <numerusform>갤러리에서 빠진 사진의 원본 %Ln장 ({0})</numerusform>
        </translation>
    </message>
    <message>
        <source>Delete…</source>
        <translation>지우기…</translation>
    </message>
    <message>
        <source>Wait until no phone is being synced.</source>
        <translation>휴대폰 동기화가 끝날 때까지 기다리세요.</translation>
    </message>
    <message>
        <source>Delete originals</source>
        <translation>원본 지우기</translation>
    </message>
    <message numerus="yes">
        <source>Delete %Ln original(s), {0}?</source>
        <translation>
            <numerusform>원본 %Ln장({0})을 지울까요?</numerusform>
        </translation>
    </message>
    <message>
        <source>Their photos were deleted or changed on the phone, or lie in albums that are no longer ticked. These may be the only copies.</source>
        <translation>휴대폰에서 지우거나 바꾼 사진, 또는 선택을 해제한 앨범에 있는 사진의 원본이에요. 하나뿐인 사본일 수 있어요.</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>그대로 두기</translation>
    </message>
</context>
<context>
    <name>LicenceDialog</name>
    <message>
        <source>Terms of use</source>
        <translation>이용 조건</translation>
    </message>
    <message>
        <source>Before anything is fetched</source>
        <translation>내려받기 전에</translation>
    </message>
    <message>
        <source>These models were made by others and come with their own terms.</source>
        <translation>다른 사람들이 만든 모델이라 저마다 이용 조건이 있어요.</translation>
    </message>
    <message>
        <source>Accept and fetch</source>
        <translation>동의하고 내려받기</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>나중에</translation>
    </message>
    <message>
        <source>Read the terms: {0}</source>
        <translation>이용 조건 읽기: {0}</translation>
    </message>
    <message>
        <source>Commercial use is restricted</source>
        <translation>상업적 이용이 제한돼요</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Opening the gallery</source>
        <translation>갤러리를 여는 중</translation>
    </message>
    <message>
        <source>Your sketch from the last time is back. Clear takes it away.</source>
        <translation>지난번 스케치를 되살렸어요. ‘모두 지우기’를 누르면 없어져요.</translation>
    </message>
    <message>
        <source>Cleared. Undo brings it back.</source>
        <translation>모두 지웠어요. 실행 취소를 누르면 되돌아와요.</translation>
    </message>
    <message>
        <source>Draw something first, then search.</source>
        <translation>먼저 무언가를 그린 다음 찾아 보세요.</translation>
    </message>
    <message>
        <source>The gallery in its new place opens when you start the program again.</source>
        <translation>새 위치의 갤러리는 프로그램을 다시 시작하면 열려요.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>다시 해 보기</translation>
    </message>
    <message>
        <source>Point with your index finger and draw.
A closed fist lifts the pen.</source>
        <translation>검지를 펴고 그려 보세요.
주먹을 쥐면 펜이 들려요.</translation>
    </message>
    <message>
        <source>The camera is starting. You can already draw with the mouse.</source>
        <translation>카메라를 켜는 중이에요. 마우스로는 지금도 그릴 수 있어요.</translation>
    </message>
    <message>
        <source>Draw here with the mouse, a pen or a finger.</source>
        <translation>마우스나 펜, 손가락으로 여기에 그려 보세요.</translation>
    </message>
    <message numerus="yes">
        <source>%n photo(s) in the gallery</source>
        <translation>
            <numerusform>갤러리에 사진 %n장이 있어요</numerusform>
        </translation>
    </message>
    <message>
        <source>No photos yet. Add a folder of photos, or connect a phone.</source>
        <translation>아직 사진이 없어요. 사진 폴더를 추가하거나 휴대폰을 연결하세요.</translation>
    </message>
    <message>
        <source>sketch_app</source>
        <translation>sketch_app</translation>
    </message>
    <message>
        <source>Drawing area</source>
        <translation>그리는 곳</translation>
    </message>
    <message>
        <source>Draw with the finger in the air, the mouse, a pen or touch. Keys work here.</source>
        <translation>허공에서 손가락으로, 또는 마우스나 펜, 터치로 그려요. 여기서 키보드도 쓸 수 있어요.</translation>
    </message>
</context>
<context>
    <name>ModelChoices</name>
    <message>
        <source>Photos are compared by</source>
        <translation>사진 비교 모델</translation>
    </message>
    <message>
        <source>Runs on</source>
        <translation>실행 장치</translation>
    </message>
    <message>
        <source>Own weights for names</source>
        <translation>이름용 내 가중치</translation>
    </message>
    <message>
        <source>Own weights for pictures</source>
        <translation>그림용 내 가중치</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>메모리</translation>
    </message>
    <message>
        <source>Fetch</source>
        <translation>내려받기</translation>
    </message>
    <message>
        <source>Free memory</source>
        <translation>메모리 비우기</translation>
    </message>
    <message>
        <source>Lets the loaded models go; the next search loads them again.</source>
        <translation>불러온 모델을 내려놓아요. 다음에 찾을 때 다시 불러와요.</translation>
    </message>
    <message>
        <source>The full models are not in use and take no memory.</source>
        <translation>전체 모델을 쓰지 않아 메모리를 차지하지 않아요.</translation>
    </message>
    <message>
        <source>{0} (not here)</source>
        <translation>{0} (아직 없음)</translation>
    </message>
    <message>
        <source>{0} is not here yet ({1}). Until it is, the former one stays chosen.</source>
        <translation>{0} 모델은 아직 없어요({1}). 받을 때까지 이전 모델을 그대로 써요.</translation>
    </message>
    <message>
        <source>Automatic: the fastest</source>
        <translation>자동: 가장 빠른 장치</translation>
    </message>
    <message>
        <source>Looking for devices…</source>
        <translation>장치를 찾는 중…</translation>
    </message>
    <message>
        <source>Processor</source>
        <translation>프로세서(CPU)</translation>
    </message>
    <message>
        <source>Apple graphics</source>
        <translation>Apple 그래픽</translation>
    </message>
    <message>
        <source>{0} (not found)</source>
        <translation>{0} (찾을 수 없음)</translation>
    </message>
</context>
<context>
    <name>ModelParts</name>
    <message>
        <source>Single models</source>
        <translation>개별 모델</translation>
    </message>
    <message>
        <source>Fetch all ({0})</source>
        <translation>모두 내려받기 ({0})</translation>
    </message>
    <message>
        <source>Fetch all</source>
        <translation>모두 내려받기</translation>
    </message>
    <message>
        <source>Check all</source>
        <translation>모두 검사</translation>
    </message>
    <message>
        <source>Read every file again and see that it is still what came.</source>
        <translation>모든 파일을 다시 읽어 받은 그대로인지 확인해요.</translation>
    </message>
    <message>
        <source>Import from a folder…</source>
        <translation>폴더에서 가져오기…</translation>
    </message>
    <message>
        <source>A folder with a model that you trained, or with models fetched on another computer.</source>
        <translation>직접 학습한 모델이나 다른 컴퓨터에서 받은 모델이 든 폴더를 골라요.</translation>
    </message>
</context>
<context>
    <name>ModelRow</name>
    <message>
        <source>Fetch</source>
        <translation>내려받기</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>계속하기</translation>
    </message>
    <message>
        <source>Check</source>
        <translation>검사</translation>
    </message>
    <message>
        <source>Read every file again and see that it is still what came.</source>
        <translation>모든 파일을 다시 읽어 받은 그대로인지 확인해요.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>The full models are in use. Use the built-in ones first.</source>
        <translation>전체 모델을 쓰는 중이에요. 먼저 기본 모델로 바꿔 주세요.</translation>
    </message>
    <message>
        <source>commercial use restricted</source>
        <translation>상업적 이용 제한</translation>
    </message>
</context>
<context>
    <name>ModelWords</name>
    <message>
        <source>Finds photos by your sketch and names it</source>
        <translation>스케치로 사진을 찾고 이름을 붙여요</translation>
    </message>
    <message>
        <source>Names your sketch</source>
        <translation>스케치에 이름을 붙여요</translation>
    </message>
    <message>
        <source>Imagines a picture</source>
        <translation>사진처럼 상상해요</translation>
    </message>
    <message>
        <source>Follows your sketch</source>
        <translation>스케치를 따라가게 해요</translation>
    </message>
    <message>
        <source>Compares the picture with your photos</source>
        <translation>그림과 내 사진을 비교해요</translation>
    </message>
    <message>
        <source>Finds photos by the sketch itself</source>
        <translation>스케치만으로 사진을 찾아요</translation>
    </message>
    <message>
        <source>about {0}</source>
        <translation>약 {0}</translation>
    </message>
    <message>
        <source>size not known yet</source>
        <translation>크기는 아직 몰라요</translation>
    </message>
    <message>
        <source>at least {0}</source>
        <translation>{0} 이상</translation>
    </message>
    <message>
        <source>Here</source>
        <translation>있음</translation>
    </message>
    <message>
        <source>Damaged</source>
        <translation>손상됨</translation>
    </message>
    <message>
        <source>Not here</source>
        <translation>없음</translation>
    </message>
    <message>
        <source>{0} here</source>
        <translation>{0} 받음</translation>
    </message>
    <message>
        <source>{0} of {1} here</source>
        <translation>{1} 중 {0} 받음</translation>
    </message>
    <message>
        <source>Your own encoder</source>
        <translation>내가 학습한 스케치 검색 모델</translation>
    </message>
    <message>
        <source>Your own captioner</source>
        <translation>내가 학습한 이름 모델</translation>
    </message>
    <message>
        <source>Your own generator</source>
        <translation>내가 학습한 그림 모델</translation>
    </message>
    <message>
        <source>Your own adapter for sketches</source>
        <translation>내가 학습한 스케치 어댑터</translation>
    </message>
    <message>
        <source>Any use, with the notice kept.</source>
        <translation>고지문을 유지하면 어떤 용도로든 쓸 수 있어요.</translation>
    </message>
    <message>
        <source>Free for research and non-commercial use; commercial use is restricted and ends at an annual revenue of US $1,000,000: read the terms first.</source>
        <translation>연구와 비상업적 이용은 무료예요. 상업적 이용은 제한되고 연 매출이 미화 100만 달러에 이르면 쓸 수 없으니, 먼저 조건을 읽어 주세요.</translation>
    </message>
    <message>
        <source>Any use of this part, with the notice kept; it works only with SD-Turbo, whose terms forbid or restrict commercial use.</source>
        <translation>이 부분은 고지문을 유지하면 어떤 용도로든 쓸 수 있어요. 다만 SD-Turbo와 함께만 작동하고, SD-Turbo의 조건은 상업적 이용을 막거나 제한해요.</translation>
    </message>
    <message>
        <source>The terms of the published weights it was trained from, and those of the data you trained it with.</source>
        <translation>학습에 쓴 공개 가중치와 데이터의 이용 조건을 따라요.</translation>
    </message>
    <message>
        <source>“{0}” cannot be fetched, since this computer is told to stay offline (HF_HUB_OFFLINE). Unset that, or import the model from a folder.</source>
        <translation>‘{0}’ 모델을 내려받을 수 없어요. 이 컴퓨터가 오프라인으로 설정되어 있어요(HF_HUB_OFFLINE). 설정을 풀거나 폴더에서 가져와 주세요.</translation>
    </message>
    <message>
        <source>{0} cannot be reached ({1}). Check the network and try again; what has come is kept. Without internet, import the models from a folder.</source>
        <translation>{0}에 연결할 수 없어요({1}). 네트워크를 확인하고 다시 해 보세요. 받은 것은 남아 있어요. 인터넷이 없으면 폴더에서 가져올 수 있어요.</translation>
    </message>
    <message>
        <source>{0} does not give out {1} ({2}). Open {3}, accept the terms there, log in with “hf auth login”, and try again.</source>
        <translation>{0}에서 {1} 파일을 내주지 않아요({2}). {3} 페이지에서 조건에 동의하고 ‘hf auth login’으로 로그인한 다음 다시 해 보세요.</translation>
    </message>
    <message>
        <source>{0} no longer has {1}. Look at {2}, or import it from a folder.</source>
        <translation>{0}에 이제 {1} 파일이 없어요. {2} 페이지를 보거나 폴더에서 가져와 주세요.</translation>
    </message>
    <message>
        <source>There is not enough room: {0} are to come, and the disk of {1} has {2} free. Free {3} more, or fetch fewer models.</source>
        <translation>자리가 모자라요. {0}를 받아야 하는데 {1} 디스크에 {2}만 비어 있어요. {3}를 더 비우거나 더 적은 모델을 내려받아 주세요.</translation>
    </message>
    <message>
        <source>{0} was refused: what came from {1} is not the file that was promised. It was deleted; nothing else is lost. Try again.</source>
        <translation>{0} 파일을 거절했어요. {1}에서 온 것이 약속된 파일이 아니라 지웠고, 다른 것은 그대로예요. 다시 해 보세요.</translation>
    </message>
    <message>
        <source>{0} was refused: {1} now offers another file than the one that is known. Update the program. If the change is meant to be so, forget the old file with “sketch-app models remove --forget {2}” and fetch again.</source>
        <translation>{0} 파일을 거절했어요. {1}에서 이제 알려진 것과 다른 파일을 내놓아요. 프로그램을 업데이트해 주세요. 바뀐 것이 맞다면 ‘sketch-app models remove --forget {2}’ 명령으로 이전 파일을 잊게 한 다음 다시 내려받아 주세요.</translation>
    </message>
    <message>
        <source>{0} no longer has the version that was fetched before. Forget that one with “sketch-app models remove --forget {1}” and fetch again, or import the model from a folder.</source>
        <translation>{0}에 전에 받은 버전이 이제 없어요. ‘sketch-app models remove --forget {1}’ 명령으로 그 버전을 잊게 하고 다시 내려받거나, 폴더에서 가져와 주세요.</translation>
    </message>
    <message>
        <source>{0} was refused: such a file can run code when it is opened. Get the model in its safetensors form.</source>
        <translation>{0} 파일을 거절했어요. 이런 파일은 열 때 코드를 실행할 수 있어요. safetensors 형식의 모델을 구해 주세요.</translation>
    </message>
    <message>
        <source>{0} was refused: it is not the file that is known as “{1}”. Get it again.</source>
        <translation>{0} 파일을 거절했어요. ‘{1}’ 모델로 알려진 파일이 아니에요. 다시 구해 주세요.</translation>
    </message>
    <message>
        <source>{0} was refused: it is damaged or of another kind. Get it again.</source>
        <translation>{0} 파일을 거절했어요. 손상되었거나 다른 종류의 파일이에요. 다시 구해 주세요.</translation>
    </message>
    <message>
        <source>{0} holds a training that has not ended. Type its command again: it goes on and writes the model.</source>
        <translation>{0}에는 끝나지 않은 학습이 들어 있어요. 그 명령을 다시 입력하세요. 이어서 학습하고 모델을 저장해요.</translation>
    </message>
    <message>
        <source>{0} holds no model that the program knows. Choose a folder with sub-folders such as “sd-turbo”.</source>
        <translation>{0}에 프로그램이 아는 모델이 없어요. ‘sd-turbo’ 같은 하위 폴더가 든 폴더를 골라 주세요.</translation>
    </message>
    <message>
        <source>{0} lacks {1}, which “{2}” needs. Copy the whole model there.</source>
        <translation>{0}에 ‘{2}’ 모델에 필요한 {1} 파일이 없어요. 모델 전체를 복사해 주세요.</translation>
    </message>
    <message>
        <source>{0} could be any of {1}. Give the folder the name of the model, then import it.</source>
        <translation>{0} 폴더는 {1} 가운데 어느 것인지 알 수 없어요. 폴더 이름을 모델 이름으로 바꾼 다음 가져와 주세요.</translation>
    </message>
    <message>
        <source>{0} is damaged. Delete it, then fetch or import the models again; files that are still right are taken over.</source>
        <translation>{0} 파일이 손상되었어요. 지운 다음 모델을 다시 내려받거나 가져와 주세요. 멀쩡한 파일은 그대로 이어서 써요.</translation>
    </message>
    <message>
        <source>{0} was written by a newer version. Update the program.</source>
        <translation>{0} 파일은 더 새로운 버전에서 만들어졌어요. 프로그램을 업데이트해 주세요.</translation>
    </message>
    <message>
        <source>The models’ folder {0} is on a disk that cannot lock files. Move it to a local disk.</source>
        <translation>모델 폴더({0})가 파일을 잠글 수 없는 디스크에 있어요. 이 컴퓨터의 디스크로 옮겨 주세요.</translation>
    </message>
    <message>
        <source>The models in {0} are being changed by another program. Wait until it has finished.</source>
        <translation>다른 프로그램이 {0}의 모델을 바꾸고 있어요. 끝날 때까지 기다려 주세요.</translation>
    </message>
    <message>
        <source>“{0}” is not here, or not whole. Fetch it, or import it from a folder.</source>
        <translation>‘{0}’ 모델이 없거나 온전하지 않아요. 내려받거나 폴더에서 가져와 주세요.</translation>
    </message>
    <message>
        <source>{0}: the disk says “{1}”. Check the disk and the permissions.</source>
        <translation>{0}: 디스크 오류예요(‘{1}’). 디스크와 접근 권한을 확인해 주세요.</translation>
    </message>
    <message>
        <source>{0} is damaged or missing. Fetch the model again.</source>
        <translation>{0} 파일이 손상되었거나 없어요. 모델을 다시 내려받아 주세요.</translation>
    </message>
    <message>
        <source>“{0}” is not here, or not whole. Import the folder that “{1}” wrote.</source>
        <translation>‘{0}’ 모델이 없거나 온전하지 않아요. ‘{1}’ 명령이 만든 폴더를 가져오세요.</translation>
    </message>
    <message>
        <source>{0} lacks {1}. Choose the folder that “{2}” wrote, with all that is in it.</source>
        <translation>{0}에 {1} 파일이 없어요. ‘{2}’ 명령이 만든 폴더를 통째로 골라 주세요.</translation>
    </message>
    <message>
        <source>{0} has {1}, which only a newer version knows. Update the program.</source>
        <translation>{0}에 새 버전만 아는 {1}이(가) 있어요. 프로그램을 업데이트하세요.</translation>
    </message>
    <message>
        <source>{0} is not what “{1}” writes ({2}). Choose the folder that it wrote.</source>
        <translation>{0}은(는) ‘{1}’ 명령이 만든 것이 아니에요({2}). 그 명령이 만든 폴더를 골라 주세요.</translation>
    </message>
    <message>
        <source>{0} was trained over {1}, which the program does not know. Train it over one that it knows.</source>
        <translation>{0}은(는) 프로그램이 모르는 {1} 위에서 학습했어요. 프로그램이 아는 모델 위에서 학습해 주세요.</translation>
    </message>
    <message>
        <source>{0} holds no weights of a generator. Choose another file.</source>
        <translation>{0}은(는) 그림 모델의 가중치가 아니에요. 다른 파일을 골라 주세요.</translation>
    </message>
    <message>
        <source>{0} stands on networks of its own. Import its folder {1} instead, and choose no file.</source>
        <translation>{0}은(는) 자체 신경망과 함께 써야 해요. 파일을 고르는 대신 {1} 폴더를 가져오세요.</translation>
    </message>
    <message>
        <source>{0} is damaged or missing. Import the folder that “{1}” wrote again.</source>
        <translation>{0} 파일이 없거나 손상됐어요. ‘{1}’ 명령이 만든 폴더를 다시 가져오세요.</translation>
    </message>
    <message>
        <source>{0} is no longer there. Choose the weights anew, or none.</source>
        <translation>{0} 파일이 이제 없어요. 가중치를 다시 고르거나 비워 주세요.</translation>
    </message>
    <message>
        <source>The photo model {0} failed ({1}). Try again, or choose another one in the dialog of models.</source>
        <translation>사진 모델 {0}에 문제가 생겼어요({1}). 다시 해 보거나 모델 창에서 다른 모델을 골라 주세요.</translation>
    </message>
    <message>
        <source>{0} of your own encoder is damaged or missing. Import the encoder again, or remove it, in the dialog of models.</source>
        <translation>직접 만든 인코더의 {0} 파일이 손상되었거나 없어요. 모델 대화상자에서 인코더를 다시 가져오거나 제거하세요.</translation>
    </message>
    <message>
        <source>{0}, which comes with the program, is damaged or missing. Install the program again.</source>
        <translation>프로그램에 포함된 {0} 파일이 손상되었거나 없어요. 프로그램을 다시 설치하세요.</translation>
    </message>
</context>
<context>
    <name>ModelsDialog</name>
    <message>
        <source>Models</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>Choices for the full models</source>
        <translation>전체 모델 설정</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>The download goes on when you close this.</source>
        <translation>이 창을 닫아도 내려받기는 계속돼요.</translation>
    </message>
    <message>
        <source>A folder with models</source>
        <translation>모델이 든 폴더</translation>
    </message>
    <message>
        <source>Remove a model</source>
        <translation>모델 지우기</translation>
    </message>
    <message>
        <source>Remove “{0}” from this computer?</source>
        <translation>이 컴퓨터에서 ‘{0}’ 모델을 지울까요?</translation>
    </message>
    <message>
        <source>It cannot be fetched: keep the folder that its training wrote.</source>
        <translation>다시 내려받을 수 없어요. 학습이 만든 폴더를 보관해 두세요.</translation>
    </message>
    <message>
        <source>It can be fetched again at any time.</source>
        <translation>언제든지 다시 내려받을 수 있어요.</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>지우기</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>그대로 두기</translation>
    </message>
    <message>
        <source>Everything has come and is as promised.</source>
        <translation>모두 받았고, 파일도 이상이 없어요.</translation>
    </message>
    <message>
        <source>Here now: {0}</source>
        <translation>이제 준비된 모델: {0}</translation>
    </message>
    <message>
        <source>Every file is as it should be.</source>
        <translation>모든 파일에 이상이 없어요.</translation>
    </message>
    <message>
        <source>{0} are free again.</source>
        <translation>{0}를 비웠어요.</translation>
    </message>
    <message>
        <source>The models’ memory is free again.</source>
        <translation>모델이 쓰던 메모리를 비웠어요.</translation>
    </message>
    <message>
        <source>Nothing was fetched, since the terms were not accepted.</source>
        <translation>이용 조건에 동의하지 않아 아무것도 내려받지 않았어요.</translation>
    </message>
    <message>
        <source>Stopped. What has come is kept, and the next time goes on from there.</source>
        <translation>멈췄어요. 받은 것은 남아 있고, 다음에 거기서부터 이어져요.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>다시 해 보기</translation>
    </message>
</context>
<context>
    <name>NamesBar</name>
    <message>
        <source>en</source>
        <comment>The language of the names of things: en or ko</comment>
        <translation>ko</translation>
    </message>
    <message>
        <source>Say in your own words what it is</source>
        <translation>무엇인지 직접 적기</translation>
    </message>
    <message>
        <source>What is it?</source>
        <translation>무엇을 그렸나요?</translation>
    </message>
    <message>
        <source>Chosen. Press to leave “{0}”.</source>
        <translation>골랐어요. 누르면 ‘{0}’ 선택을 풀어요.</translation>
    </message>
    <message>
        <source>Press to search for “{0}”.</source>
        <translation>누르면 ‘{0}’(으)로 찾아요.</translation>
    </message>
    <message>
        <source>Imagined as: “{0}”</source>
        <translation>이렇게 상상해요: ‘{0}’</translation>
    </message>
    <message>
        <source>Your sketch may be: {0}</source>
        <translation>스케치는 이것일 수 있어요: {0}</translation>
    </message>
</context>
<context>
    <name>PhoneCard</name>
    <message>
        <source>Sync again</source>
        <translation>다시 동기화</translation>
    </message>
    <message>
        <source>Sync now</source>
        <translation>지금 동기화</translation>
    </message>
    <message>
        <source>Hide the choices</source>
        <translation>선택 항목 숨기기</translation>
    </message>
    <message>
        <source>Albums and originals</source>
        <translation>앨범과 원본</translation>
    </message>
    <message>
        <source>Originals</source>
        <translation>원본</translation>
    </message>
    <message>
        <source>{0} are free on this disk.</source>
        <translation>이 디스크에 {0} 남아 있어요.</translation>
    </message>
    <message>
        <source>Sync by itself when it is plugged in</source>
        <translation>연결하면 자동으로 동기화</translation>
    </message>
    <message>
        <source>From its first sync on, while this window is open</source>
        <translation>처음 한 번 동기화한 뒤부터, 이 창이 열려 있는 동안</translation>
    </message>
    <message>
        <source>Are these photos deleted?</source>
        <translation>이 사진들을 지우셨나요?</translation>
    </message>
    <message>
        <source>{0} of its {1} photos are no longer on the phone.</source>
        <translation>사진 {1}장 중 {0}장이 이제 휴대폰에 없어요.</translation>
    </message>
    <message>
        <source>Yes, deleted</source>
        <translation>네, 지웠어요</translation>
    </message>
    <message>
        <source>No, keep them</source>
        <translation>아니요, 둘게요</translation>
    </message>
    <message>
        <source>Yes: they leave the search; originals that are here stay until you delete them.</source>
        <translation>네: 검색에서 빠져요. 여기 있는 원본은 직접 지울 때까지 남아요.</translation>
    </message>
    <message>
        <source>No: everything stays as it is.</source>
        <translation>아니요: 모든 것이 그대로 있어요.</translation>
    </message>
    <message>
        <source>Unlock the phone and allow USB debugging</source>
        <translation>휴대폰 잠금을 풀고 USB 디버깅을 허용하세요</translation>
    </message>
    <message>
        <source>The question stands on its screen. Tick “Always allow from this computer”.</source>
        <translation>휴대폰 화면에서 물어보고 있어요. ‘이 컴퓨터에서 항상 허용’을 선택하세요.</translation>
    </message>
    <message>
        <source>The phone does not answer</source>
        <translation>휴대폰이 응답하지 않아요</translation>
    </message>
    <message>
        <source>Unlock it. If that does not help, unplug it and plug it in again.</source>
        <translation>잠금을 풀어 보세요. 그래도 안 되면 케이블을 뺐다가 다시 연결하세요.</translation>
    </message>
    <message>
        <source>This computer keeps the phone from the program</source>
        <translation>이 컴퓨터가 휴대폰 접근을 막고 있어요</translation>
    </message>
    <message>
        <source>Install the rules for Android phones (on Debian and Ubuntu: android-sdk-platform-tools-common), then plug the phone in again.</source>
        <translation>안드로이드 휴대폰용 규칙을 설치한 다음(데비안·우분투: android-sdk-platform-tools-common) 휴대폰을 다시 연결하세요.</translation>
    </message>
    <message>
        <source>The phone was unplugged</source>
        <translation>휴대폰 연결이 끊겼어요</translation>
    </message>
    <message>
        <source>What has come stays searchable. The rest comes when you plug it in again.</source>
        <translation>가져온 사진은 계속 찾을 수 있어요. 다시 연결하면 나머지를 가져와요.</translation>
    </message>
    <message>
        <source>The connection was lost</source>
        <translation>연결이 끊겼어요</translation>
    </message>
    <message>
        <source>What has come stays searchable. The rest comes when the phone is back.</source>
        <translation>가져온 사진은 계속 찾을 수 있어요. 휴대폰이 다시 연결되면 나머지를 가져와요.</translation>
    </message>
    <message>
        <source>The phone stopped answering</source>
        <translation>휴대폰이 응답을 멈췄어요</translation>
    </message>
    <message>
        <source>What has come stays searchable. Press Continue when the phone is awake.</source>
        <translation>가져온 사진은 계속 찾을 수 있어요. 휴대폰 화면이 켜지면 계속하기를 누르세요.</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>계속하기</translation>
    </message>
    <message>
        <source>What has come stays searchable. Unlock the phone: the rest then comes by itself.</source>
        <translation>가져온 사진은 계속 찾을 수 있어요. 휴대폰 잠금을 풀면 나머지를 자동으로 가져와요.</translation>
    </message>
    <message>
        <source>{0} are left. </source>
        <translation>{0} 남아 있어요. </translation>
    </message>
    <message>
        <source>There is no room for more originals</source>
        <translation>원본을 더 담을 공간이 없어요</translation>
    </message>
    <message>
        <source>Free some space or choose fewer originals; it then goes on from here.</source>
        <translation>공간을 비우거나 원본을 줄이면 여기서부터 이어져요.</translation>
    </message>
    <message>
        <source>The phone could not be synced</source>
        <translation>휴대폰을 동기화하지 못했어요</translation>
    </message>
    <message numerus="yes">
        <source>%Ln photo(s) did not come</source>
        <translation>
            <numerusform>사진 %Ln장을 가져오지 못했어요</numerusform>
        </translation>
    </message>
    <message>
        <source>The next sync tries them again.</source>
        <translation>다음 동기화에서 다시 시도해요.</translation>
    </message>
</context>
<context>
    <name>PhoneControl</name>
    <message>
        <source>The original is on its way.</source>
        <translation>원본을 가져오고 있어요.</translation>
    </message>
    <message>
        <source>The original comes when the phone is connected.</source>
        <translation>휴대폰이 연결되면 원본을 가져와요.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln original(s) deleted, {0} freed.</source>
        <translation>
            <numerusform>원본 %Ln장을 지워 {0}의 공간이 생겼어요.</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} is in step with the gallery.</source>
        <translation>{0}의 사진이 갤러리와 같아졌어요.</translation>
    </message>
    <message>
        <source>{0} has a question: see the tab Phone.</source>
        <translation>{0}에 확인할 것이 있어요. 휴대폰 탭을 보세요.</translation>
    </message>
    <message>
        <source>{0} was unplugged. It goes on when it is back.</source>
        <translation>{0} 연결이 끊겼어요. 다시 연결하면 이어서 해요.</translation>
    </message>
    <message>
        <source>{0} could not be synced: see the tab Phone.</source>
        <translation>{0}을(를) 동기화하지 못했어요. 휴대폰 탭을 보세요.</translation>
    </message>
    <message>
        <source>The original is here.</source>
        <translation>원본을 가져왔어요.</translation>
    </message>
    <message numerus="yes">
        <source>%Ln original(s) are here.</source>
        <translation>
            <numerusform>원본 %Ln장을 가져왔어요.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>PhonePanel</name>
    <message>
        <source>Phone</source>
        <translation>휴대폰</translation>
    </message>
    <message>
        <source>Phones</source>
        <translation>휴대폰</translation>
    </message>
    <message numerus="yes">
        <source>%n connected</source>
        <translation>
            <numerusform>%n대 연결됨</numerusform>
        </translation>
    </message>
    <message>
        <source>Looking for phones…</source>
        <translation>휴대폰을 찾는 중…</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>다시 시도</translation>
    </message>
    <message>
        <source>Hide how to connect</source>
        <translation>연결 방법 숨기기</translation>
    </message>
    <message>
        <source>How to connect a phone</source>
        <translation>휴대폰을 연결하는 방법</translation>
    </message>
    <message>
        <source>Phones in the gallery</source>
        <translation>갤러리에 있는 휴대폰</translation>
    </message>
    <message>
        <source>The phone is only read. Nothing on it is ever changed, and nothing leaves this computer.</source>
        <translation>휴대폰은 읽기만 해요. 휴대폰의 어떤 것도 바꾸지 않고, 아무것도 이 컴퓨터 밖으로 나가지 않아요.</translation>
    </message>
</context>
<context>
    <name>PhoneRow</name>
    <message numerus="yes">
        <source>%n photo(s)</source>
        <translation>
            <numerusform>사진 %n장</numerusform>
        </translation>
    </message>
    <message>
        <source>{0}: see the tab Phone</source>
        <translation>{0}: 휴대폰 탭을 보세요</translation>
    </message>
</context>
<context>
    <name>PhoneSteps</name>
    <message>
        <source>Connect your phone</source>
        <translation>휴대폰을 연결하세요</translation>
    </message>
    <message>
        <source>Its photos become searchable while you draw, the newest first.</source>
        <translation>최근 사진부터 그림으로 찾을 수 있어요.</translation>
    </message>
    <message>
        <source>Turn on USB debugging</source>
        <translation>USB 디버깅 켜기</translation>
    </message>
    <message>
        <source>On the phone, open Settings, About phone, Software information and tap Build number seven times. Then turn on USB debugging under Developer options.</source>
        <translation>휴대폰의 설정 &gt; 휴대전화 정보 &gt; 소프트웨어 정보에서 빌드번호를 일곱 번 누른 다음, 개발자 옵션에서 USB 디버깅을 켜세요.</translation>
    </message>
    <message>
        <source>Plug it in</source>
        <translation>케이블로 연결하기</translation>
    </message>
    <message>
        <source>Use a USB cable that also carries data.</source>
        <translation>데이터도 전송하는 USB 케이블을 사용하세요.</translation>
    </message>
    <message>
        <source>Allow this computer</source>
        <translation>이 컴퓨터 허용하기</translation>
    </message>
    <message>
        <source>Unlock the phone and tap Allow when it asks.</source>
        <translation>휴대폰 잠금을 풀고, 물어보면 허용을 누르세요.</translation>
    </message>
</context>
<context>
    <name>PhoneWords</name>
    <message numerus="yes">
        <source>%Ln photo(s) can be searched</source>
        <translation>
            <numerusform>사진 %Ln장을 찾을 수 있어요</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} of %Ln photo(s) can be searched</source>
        <translation>
            <numerusform>사진 %Ln장 중 {0}장을 찾을 수 있어요</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{0} of %Ln photo(s)</source>
        <translation>
            <numerusform>사진 %Ln장 중 {0}장</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln photo(s) a second</source>
        <translation>
            <numerusform>초당 %Ln장</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln original(s) here ({0})</source>
        <translation>
            <numerusform>여기에 있는 원본 %Ln장 ({0})</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln file(s) cannot be shown: damaged, or no photos</source>
        <translation>
            <numerusform>파일 %Ln개는 보여 줄 수 없어요: 손상되었거나 사진이 아니에요</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln video(s) stay on the phone</source>
        <translation>
            <numerusform>동영상 %Ln개는 휴대폰에 남아요</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln folder(s) so far</source>
        <translation>
            <numerusform>지금까지 폴더 %Ln개</numerusform>
        </translation>
    </message>
    <message>
        <source>Waits for your permission</source>
        <translation>허용을 기다리고 있어요</translation>
    </message>
    <message>
        <source>Does not answer</source>
        <translation>응답이 없어요</translation>
    </message>
    <message>
        <source>Not allowed by this computer</source>
        <translation>이 컴퓨터가 막고 있어요</translation>
    </message>
    <message>
        <source>Connecting…</source>
        <translation>연결하는 중…</translation>
    </message>
    <message>
        <source>Not connected</source>
        <translation>연결되어 있지 않아요</translation>
    </message>
    <message>
        <source>Paused</source>
        <translation>일시정지됨</translation>
    </message>
    <message>
        <source>The disk is full</source>
        <translation>디스크가 가득 찼어요</translation>
    </message>
    <message>
        <source>The sync stopped</source>
        <translation>동기화가 멈췄어요</translation>
    </message>
    <message>
        <source>Syncing</source>
        <translation>동기화 중</translation>
    </message>
    <message>
        <source>Connected</source>
        <translation>연결됨</translation>
    </message>
    <message>
        <source>Wi-Fi</source>
        <translation>Wi-Fi</translation>
    </message>
    <message>
        <source>USB</source>
        <translation>USB</translation>
    </message>
    <message>
        <source>Not synced yet</source>
        <translation>아직 동기화하지 않았어요</translation>
    </message>
    <message>
        <source>Last sync today, {0}</source>
        <translation>마지막 동기화: 오늘 {0}</translation>
    </message>
    <message>
        <source>Last sync yesterday, {0}</source>
        <translation>마지막 동기화: 어제 {0}</translation>
    </message>
    <message>
        <source>Last sync {0}</source>
        <translation>마지막 동기화: {0}</translation>
    </message>
    <message>
        <source>Getting ready</source>
        <translation>준비하는 중</translation>
    </message>
    <message>
        <source>Looking for photos</source>
        <translation>사진을 찾아보는 중</translation>
    </message>
    <message>
        <source>Fetching previews</source>
        <translation>미리보기를 가져오는 중</translation>
    </message>
    <message>
        <source>Fetching originals</source>
        <translation>원본을 가져오는 중</translation>
    </message>
    <message>
        <source>Finishing</source>
        <translation>마무리하는 중</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <comment>bytes done, bytes in all</comment>
        <translation>{1} 중 {0}</translation>
    </message>
    <message>
        <source>{0} a second</source>
        <translation>초당 {0}</translation>
    </message>
    <message>
        <source>Enough to search. An original comes when you double-click its photo.</source>
        <translation>찾는 데는 이것으로 충분해요. 원본은 사진을 두 번 클릭하면 가져와요.</translation>
    </message>
    <message>
        <source>Has a question</source>
        <translation>확인이 필요해요</translation>
    </message>
    <message>
        <source>Reading photos that hold no preview</source>
        <translation>미리보기가 없는 사진을 읽는 중</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>카메라</translation>
    </message>
    <message>
        <source>Screenshots</source>
        <translation>스크린샷</translation>
    </message>
    <message>
        <source>Downloads</source>
        <translation>다운로드</translation>
    </message>
    <message>
        <source>Pictures</source>
        <translation>사진</translation>
    </message>
    <message>
        <source>The newest, up to {0} GB</source>
        <translation>최근 사진부터 {0}GB까지</translation>
    </message>
    <message>
        <source>Previews only</source>
        <translation>미리보기만</translation>
    </message>
    <message>
        <source>All originals</source>
        <translation>모든 원본</translation>
    </message>
    <message>
        <source>Previews of all photos first, then the newest originals.</source>
        <translation>모든 사진의 미리보기 다음에 최근 원본을 가져와요.</translation>
    </message>
    <message>
        <source>Previews of all photos first, then every original.</source>
        <translation>모든 사진의 미리보기 다음에 원본을 모두 가져와요.</translation>
    </message>
    <message>
        <source>Phones are read with adb, which is not on this computer. Install it ({0}), then try again.</source>
        <translation>휴대폰을 읽으려면 adb가 필요한데 이 컴퓨터에 없어요. 설치한 다음({0}) 다시 시도하세요.</translation>
    </message>
    <message>
        <source>Phones are read with adb, which does not start: {0}.</source>
        <translation>휴대폰을 읽는 adb가 시작되지 않아요: {0}</translation>
    </message>
    <message>
        <source>Another program answers at {0}, where phones are read. End it, then try again.</source>
        <translation>휴대폰을 읽는 주소 {0}에서 다른 프로그램이 응답해요. 그 프로그램을 끝낸 다음 다시 시도하세요.</translation>
    </message>
    <message>
        <source>No adb server answers at {0}, where ADB_SERVER_SOCKET says it is. Start it, or unset that.</source>
        <translation>ADB_SERVER_SOCKET이 가리키는 {0}에서 adb 서버가 응답하지 않아요. 서버를 시작하거나 이 설정을 지우세요.</translation>
    </message>
    <message>
        <source>Phones are read with adb, whose server at {0} does not answer.</source>
        <translation>휴대폰을 읽는 adb의 서버({0})가 응답하지 않아요.</translation>
    </message>
    <message>
        <source>A phone is being synced: delete its old originals after that.</source>
        <translation>휴대폰을 동기화하고 있어요. 끝난 다음 원본을 지우세요.</translation>
    </message>
    <message>
        <source>Plug the phone in and unlock it, then try again.</source>
        <translation>휴대폰을 연결하고 잠금을 푼 다음 다시 시도하세요.</translation>
    </message>
    <message>
        <source>This photo is no longer on a phone.</source>
        <translation>이 사진은 이제 휴대폰에 없어요.</translation>
    </message>
    <message>
        <source>Another window is syncing this phone already.</source>
        <translation>다른 창에서 이 휴대폰을 이미 동기화하고 있어요.</translation>
    </message>
</context>
<context>
    <name>PhotoActions</name>
    <message>
        <source>Fetch the original</source>
        <translation>원본 가져오기</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>열기</translation>
    </message>
    <message>
        <source>Show in folder</source>
        <translation>폴더에서 보기</translation>
    </message>
    <message>
        <source>Copy picture</source>
        <translation>사진 복사</translation>
    </message>
    <message>
        <source>Copy path</source>
        <translation>경로 복사</translation>
    </message>
    <message>
        <source>More like this</source>
        <translation>비슷한 사진 더 보기</translation>
    </message>
    <message>
        <source>This one</source>
        <translation>이 사진이에요</translation>
    </message>
    <message>
        <source>Not this one</source>
        <translation>이 사진이 아니에요</translation>
    </message>
    <message>
        <source>The picture could not be copied: {0}</source>
        <translation>사진을 복사하지 못했어요: {0}</translation>
    </message>
    <message>
        <source>The path is on the clipboard.</source>
        <translation>경로를 클립보드에 복사했어요.</translation>
    </message>
    <message>
        <source>The original is on {0}. Fetch it first: double-click the photo.</source>
        <translation>원본은 {0}에 있어요. 먼저 가져오세요: 사진을 두 번 클릭하세요.</translation>
    </message>
    <message>
        <source>This photo’s file is no longer where it was. Scan its folder again if it was moved.</source>
        <translation>이 사진 파일이 있던 자리에 없어요. 옮겼다면 폴더를 다시 살펴보세요.</translation>
    </message>
    <message>
        <source>“{0}” is no longer in {1}. Scan the folder again if it was moved.</source>
        <translation>‘{0}’ 파일이 이제 {1}에 없어요. 옮겼다면 폴더를 다시 살펴보세요.</translation>
    </message>
    <message>
        <source>No program on this computer opens “{0}”.</source>
        <translation>이 컴퓨터에 ‘{0}’ 파일을 열 수 있는 프로그램이 없어요.</translation>
    </message>
    <message>
        <source>No file manager opens “{0}”.</source>
        <translation>‘{0}’ 폴더를 열 수 있는 파일 관리자가 없어요.</translation>
    </message>
    <message>
        <source>The picture is on the clipboard.</source>
        <translation>사진을 클립보드에 복사했어요.</translation>
    </message>
</context>
<context>
    <name>PhotoGrid</name>
    <message>
        <source>Photos found</source>
        <translation>찾은 사진</translation>
    </message>
    <message>
        <source>Enter opens the photo, plus says that it is this one, minus that it is not.</source>
        <translation>Enter는 사진을 열고, 더하기는 이 사진이 맞다고, 빼기는 아니라고 표시해요.</translation>
    </message>
    <message>
        <source>Not this one: fewer like it  (−)</source>
        <translation>이 사진이 아니에요: 비슷한 사진 줄이기  (−)</translation>
    </message>
    <message>
        <source>This one: more like it  (+)</source>
        <translation>이 사진이에요: 비슷한 사진 더 보기  (+)</translation>
    </message>
</context>
<context>
    <name>PhotoTileDelegate</name>
    <message>
        <source>File missing</source>
        <translation>파일 없음</translation>
    </message>
</context>
<context>
    <name>PreparingPanel</name>
    <message>
        <source>Waiting while photos are added</source>
        <translation>사진을 추가하는 동안 기다려요</translation>
    </message>
    <message>
        <source>Preparing is paused</source>
        <translation>준비를 잠시 멈췄어요</translation>
    </message>
    <message>
        <source>The photos could not be prepared</source>
        <translation>사진을 준비하지 못했어요</translation>
    </message>
    <message>
        <source>Preparing photos for the full models</source>
        <translation>전체 모델용으로 사진을 준비하는 중</translation>
    </message>
    <message>
        <source>Preparing photos for the new encoder</source>
        <translation>새 검색 모델에 맞춰 사진을 준비하는 중</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <comment>photos done, photos in all</comment>
        <translation>{1}장 중 {0}장</translation>
    </message>
    <message>
        <source>searches already work</source>
        <translation>찾기는 지금도 돼요</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>잠시 멈추기</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>다시 해 보기</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>계속하기</translation>
    </message>
</context>
<context>
    <name>RankingPopover</name>
    <message>
        <source>Back to the calibrated weights</source>
        <translation>보정된 값으로 되돌리기</translation>
    </message>
    <message>
        <source>Ranking</source>
        <translation>순위</translation>
    </message>
    <message>
        <source>What counts</source>
        <translation>무엇을 중요하게 볼까요</translation>
    </message>
    <message>
        <source>measured</source>
        <translation>측정함</translation>
    </message>
    <message>
        <source>not measured</source>
        <translation>측정 안 함</translation>
    </message>
    <message>
        <source>Measured on: {0}</source>
        <translation>측정한 자료: {0}</translation>
    </message>
    <message>
        <source>These weights were not measured: a good guess.</source>
        <translation>측정하지 않고 어림잡은 값이에요.</translation>
    </message>
    <message>
        <source>{0}: weight {1}</source>
        <translation>{0}: 가중치 {1}</translation>
    </message>
    <message>
        <source>The weights could not be kept: {0}</source>
        <translation>가중치를 저장하지 못했어요: {0}</translation>
    </message>
</context>
<context>
    <name>Reasons</name>
    <message>
        <source>Looking for it again …</source>
        <translation>다시 찾고 있어요…</translation>
    </message>
    <message>
        <source>The file is empty.</source>
        <translation>파일이 비어 있어요.</translation>
    </message>
    <message>
        <source>The file is larger than {0} MB.</source>
        <translation>파일이 {0}MB보다 커요.</translation>
    </message>
    <message>
        <source>The content is not a photo of a known format.</source>
        <translation>내용이 알려진 사진 형식이 아니에요.</translation>
    </message>
    <message>
        <source>The {0} file is damaged or cut short.</source>
        <translation>{0} 파일이 손상되었거나 중간에 끊겼어요.</translation>
    </message>
    <message>
        <source>The file cannot be read ({0}).</source>
        <translation>파일을 읽을 수 없어요({0}).</translation>
    </message>
    <message>
        <source>There is not enough memory to read it.</source>
        <translation>메모리가 모자라 읽지 못했어요.</translation>
    </message>
    <message>
        <source>This computer cannot read {0} files.</source>
        <translation>이 컴퓨터에서는 {0} 파일을 읽을 수 없어요.</translation>
    </message>
    <message>
        <source>The picture has no pixels.</source>
        <translation>그림에 픽셀이 없어요.</translation>
    </message>
    <message>
        <source>The picture is too large for this computer’s memory ({0} × {1} pixels).</source>
        <translation>그림이 너무 커서 이 컴퓨터의 메모리에 담을 수 없어요({0} × {1}픽셀).</translation>
    </message>
    <message>
        <source>The file is still being written.</source>
        <translation>파일을 아직 쓰는 중이에요.</translation>
    </message>
    <message>
        <source>It is no longer a file.</source>
        <translation>이제 파일이 아니에요.</translation>
    </message>
    <message>
        <source>Camera {0} could not be opened. Plug it in, close other programs that use it, and allow this program to use the camera.</source>
        <translation>카메라({0})를 열 수 없어요. 카메라를 연결하고, 카메라를 쓰는 다른 프로그램을 닫고, 이 프로그램에 카메라 사용을 허용해 주세요.</translation>
    </message>
    <message>
        <source>Camera {0} stopped giving pictures. Check its cable.</source>
        <translation>카메라({0})에서 화면이 오지 않아요. 케이블을 확인해 주세요.</translation>
    </message>
    <message>
        <source>No camera is called “{0}”, and no other was found.</source>
        <translation>“{0}” 카메라가 없고, 다른 카메라도 찾지 못했어요.</translation>
    </message>
    <message>
        <source>No camera is called “{0}”. Cameras found: {1}.</source>
        <translation>“{0}” 카메라가 없어요. 찾은 카메라: {1}.</translation>
    </message>
    <message>
        <source>The video {0} does not exist.</source>
        <translation>동영상({0})이 없어요.</translation>
    </message>
    <message>
        <source>The file {0} is not a video that can be read. Choose another.</source>
        <translation>{0} 파일은 읽을 수 있는 동영상이 아니에요. 다른 파일을 골라 주세요.</translation>
    </message>
    <message>
        <source>The camera is starting.</source>
        <translation>카메라를 켜고 있어요.</translation>
    </message>
    <message>
        <source>There are no more pictures.</source>
        <translation>화면이 끝났어요.</translation>
    </message>
    <message>
        <source>Hand tracking could not start ({0}). Install the program again.</source>
        <translation>손 추적을 시작할 수 없어요({0}). 프로그램을 다시 설치해 주세요.</translation>
    </message>
    <message>
        <source>Another program (process {1}) is writing to the gallery {0}. Wait until it has finished, or close it.</source>
        <translation>다른 프로그램(프로세스 {1})이 갤러리 {0}에 쓰고 있어요. 끝날 때까지 기다리거나 그 프로그램을 닫아 주세요.</translation>
    </message>
    <message>
        <source>The gallery {0} is being written at the moment. Wait until that has finished.</source>
        <translation>지금 갤러리 {0}에 쓰고 있어요. 끝날 때까지 기다려 주세요.</translation>
    </message>
    <message>
        <source>The folder {0} is not there. Connect its disk, or take the folder out of the gallery.</source>
        <translation>{0} 폴더를 찾을 수 없어요. 디스크를 연결하거나 갤러리에서 이 폴더를 빼 주세요.</translation>
    </message>
    <message>
        <source>{0} is not a folder that can be opened. Choose another one.</source>
        <translation>{0}은(는) 열 수 있는 폴더가 아니에요. 다른 폴더를 골라 주세요.</translation>
    </message>
    <message>
        <source>The folder {0} cannot be read. Check its permissions.</source>
        <translation>{0} 폴더를 읽을 수 없어요. 접근 권한을 확인해 주세요.</translation>
    </message>
    <message>
        <source>The gallery’s folder {0} cannot be written ({1}). Choose another one.</source>
        <translation>갤러리 폴더 {0}에 쓸 수 없어요({1}). 다른 폴더를 골라 주세요.</translation>
    </message>
    <message>
        <source>The gallery’s folder {0} is on a disk that cannot lock files. Choose a local disk.</source>
        <translation>갤러리 폴더({0})가 파일을 잠글 수 없는 디스크에 있어요. 이 컴퓨터의 디스크를 골라 주세요.</translation>
    </message>
    <message>
        <source>The gallery {0} was written by a newer version. Update the program.</source>
        <translation>갤러리({0})는 더 새로운 버전에서 만들어졌어요. 프로그램을 업데이트해 주세요.</translation>
    </message>
    <message>
        <source>The gallery’s database {0} is damaged. Move it away; your photos are untouched and can be read again.</source>
        <translation>갤러리 데이터베이스({0})가 손상되었어요. 파일을 다른 곳으로 옮겨 주세요. 사진은 그대로이고 다시 읽을 수 있어요.</translation>
    </message>
    <message>
        <source>The gallery’s database {0} cannot be used ({1}).</source>
        <translation>갤러리 데이터베이스({0})를 쓸 수 없어요({1}).</translation>
    </message>
    <message>
        <source>{0} belongs to another program. Choose another folder for the gallery.</source>
        <translation>{0}은(는) 다른 프로그램의 파일이에요. 갤러리를 둘 다른 폴더를 골라 주세요.</translation>
    </message>
    <message>
        <source>The photo is not on this computer at present.</source>
        <translation>이 사진은 지금 이 컴퓨터에 없어요.</translation>
    </message>
</context>
<context>
    <name>ResultsModel</name>
    <message>
        <source>{0}, album {1}</source>
        <translation>{0}, {1} 앨범</translation>
    </message>
    <message>
        <source>Only its preview is here; the original is on the phone.</source>
        <translation>여기에는 미리보기만 있어요. 원본은 휴대폰에 있어요.</translation>
    </message>
    <message>
        <source>The file is gone from every place it was seen.</source>
        <translation>파일이 있던 자리 어디에도 없어요.</translation>
    </message>
    <message>
        <source>The original is on this computer.</source>
        <translation>원본이 이 컴퓨터에 있어요.</translation>
    </message>
</context>
<context>
    <name>ResultsView</name>
    <message>
        <source>The photos that look like your sketch appear here.</source>
        <translation>스케치와 닮은 사진이 여기에 나타나요.</translation>
    </message>
    <message>
        <source>There are no photos here yet. Add a folder of photos to search in it.</source>
        <translation>아직 사진이 없어요. 사진 폴더를 추가하면 찾을 수 있어요.</translation>
    </message>
    <message>
        <source>Add a folder</source>
        <translation>폴더 추가</translation>
    </message>
    <message>
        <source>Connect a phone</source>
        <translation>휴대폰 연결하기</translation>
    </message>
    <message>
        <source>No close match yet; add a detail.</source>
        <translation>아직 꼭 닮은 사진이 없어요. 조금 더 그려 보세요.</translation>
    </message>
    <message>
        <source>No photo that passes the filters looks like this.</source>
        <translation>필터를 통과한 사진 가운데 닮은 사진이 없어요.</translation>
    </message>
    <message>
        <source>Clear the filters</source>
        <translation>필터 지우기</translation>
    </message>
    <message>
        <source>No other photo looks like this.</source>
        <translation>이와 닮은 다른 사진이 없어요.</translation>
    </message>
    <message>
        <source>Forget what I said of photos</source>
        <translation>사진 표시 지우기</translation>
    </message>
    <message>
        <source>No photo looks like this yet. Draw a little more of it.</source>
        <translation>아직 닮은 사진이 없어요. 조금 더 그려 보세요.</translation>
    </message>
</context>
<context>
    <name>ScanProgress</name>
    <message>
        <source>less than a minute left</source>
        <translation>1분 안에 끝나요</translation>
    </message>
    <message numerus="yes">
        <source>about %n minute(s) left</source>
        <translation>
            <numerusform>약 %n분 남음</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>about %n hour(s) left</source>
        <translation>
            <numerusform>약 %n시간 남음</numerusform>
        </translation>
    </message>
    <message>
        <source>Cancelling…</source>
        <translation>취소하는 중…</translation>
    </message>
    <message>
        <source>Looking for photos…</source>
        <translation>사진을 찾는 중…</translation>
    </message>
    <message>
        <source>Finishing…</source>
        <translation>마무리하는 중…</translation>
    </message>
    <message>
        <source>Reading the photos…</source>
        <translation>사진을 읽는 중…</translation>
    </message>
    <message numerus="yes">
        <source>%n file(s) so far</source>
        <translation>
            <numerusform>지금까지 파일 %n개</numerusform>
        </translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <comment>files done, files in all</comment>
        <translation>{1}개 중 {0}개</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
</context>
<context>
    <name>SetCards</name>
    <message>
        <source>Built in</source>
        <translation>기본</translation>
    </message>
    <message>
        <source>Works at once, with no download.</source>
        <translation>내려받지 않고 바로 쓸 수 있어요.</translation>
    </message>
    <message>
        <source>Finds photos by the shape of your sketch</source>
        <translation>스케치의 모양으로 사진을 찾아요</translation>
    </message>
    <message>
        <source>Names common things, and imagines them roughly</source>
        <translation>흔한 것들의 이름을 알고, 대강의 모습을 떠올려요</translation>
    </message>
    <message>
        <source>Ready to use</source>
        <translation>쓸 준비가 됐어요</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>쓰는 중</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>쓰기</translation>
    </message>
    <message>
        <source>Full</source>
        <translation>전체</translation>
    </message>
    <message>
        <source>Imagines a clear picture of what you draw. Needs a download and more memory.</source>
        <translation>그린 것을 또렷한 그림으로 떠올려요. 내려받아야 하고 메모리가 더 필요해요.</translation>
    </message>
    <message>
        <source>Names anything, in words of its own</source>
        <translation>무엇이든 제 말로 이름을 붙여요</translation>
    </message>
    <message>
        <source>Compares your photos with the imagined picture</source>
        <translation>상상한 그림과 내 사진을 비교해요</translation>
    </message>
    <message>
        <source>Missing: {0}</source>
        <translation>없는 모델: {0}</translation>
    </message>
    <message>
        <source>Looking what is here…</source>
        <translation>무엇이 있는지 보는 중…</translation>
    </message>
    <message>
        <source>To be fetched: {0}</source>
        <translation>받을 크기: {0}</translation>
    </message>
    <message>
        <source>Fetch and use</source>
        <translation>내려받아 쓰기</translation>
    </message>
</context>
<context>
    <name>SettingsDialog</name>
    <message>
        <source>Settings</source>
        <translation>설정</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>화면 모양</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>언어</translation>
    </message>
    <message>
        <source>Camera</source>
        <translation>카메라</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>모델</translation>
    </message>
    <message>
        <source>Gallery kept in</source>
        <translation>갤러리 위치</translation>
    </message>
    <message>
        <source>Like the system</source>
        <translation>시스템과 같게</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>밝게</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>어둡게</translation>
    </message>
    <message>
        <source>Show the picture as in a mirror</source>
        <translation>거울처럼 좌우를 뒤집어 보기</translation>
    </message>
    <message>
        <source>Change the models…</source>
        <translation>모델 바꾸기…</translation>
    </message>
    <message>
        <source>Imagine a picture while I draw</source>
        <translation>그리는 동안 사진처럼 상상하기</translation>
    </message>
    <message>
        <source>Choose a folder…</source>
        <translation>폴더 고르기…</translation>
    </message>
    <message>
        <source>Use the usual place</source>
        <translation>기본 위치 쓰기</translation>
    </message>
    <message>
        <source>Only what the program remembers of your photos is kept there. A new place counts from the next start.</source>
        <translation>사진에 대해 프로그램이 기억하는 내용만 보관해요. 위치를 바꾸면 다음에 시작할 때부터 적용돼요.</translation>
    </message>
    <message>
        <source>The camera’s pictures are never stored and never sent. They are looked at and forgotten.</source>
        <translation>카메라 화면은 저장하지도, 어디로 보내지도 않아요. 보고 나서 바로 잊어요.</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>Full</source>
        <translation>전체</translation>
    </message>
    <message>
        <source>Built in</source>
        <translation>기본</translation>
    </message>
    <message>
        <source>The models in use imagine no picture.</source>
        <translation>지금 쓰는 모델은 그림을 상상하지 않아요.</translation>
    </message>
    <message>
        <source>Looking for cameras…</source>
        <translation>카메라를 찾는 중…</translation>
    </message>
    <message>
        <source>{0} (not connected)</source>
        <translation>{0} (연결되지 않음)</translation>
    </message>
    <message>
        <source>Camera {0}</source>
        <translation>카메라 {0}</translation>
    </message>
    <message>
        <source>Where the gallery is kept</source>
        <translation>갤러리를 보관할 곳</translation>
    </message>
</context>
<context>
    <name>SidePanel</name>
    <message>
        <source>Photos</source>
        <translation>사진</translation>
    </message>
    <message>
        <source>Phone</source>
        <translation>휴대폰</translation>
    </message>
    <message>
        <source>Gallery and filters</source>
        <translation>갤러리와 필터</translation>
    </message>
    <message>
        <source>Photos, gallery or phone</source>
        <translation>사진, 갤러리 또는 휴대폰</translation>
    </message>
    <message>
        <source>Gallery</source>
        <translation>갤러리</translation>
    </message>
    <message>
        <source>Ranking</source>
        <translation>순위</translation>
    </message>
    <message>
        <source>What counts when photos are ranked</source>
        <translation>사진 순위에서 중요하게 볼 것</translation>
    </message>
</context>
<context>
    <name>Signals</name>
    <message>
        <source>Shape</source>
        <translation>모양</translation>
    </message>
    <message>
        <source>Subject</source>
        <translation>대상</translation>
    </message>
    <message>
        <source>Imagined picture</source>
        <translation>상상한 그림</translation>
    </message>
    <message>
        <source>Likeness</source>
        <translation>닮은 정도</translation>
    </message>
    <message>
        <source>How much the photo looks like your lines.</source>
        <translation>사진이 그린 선과 얼마나 닮았는지예요.</translation>
    </message>
    <message>
        <source>Whether the photo shows what your sketch was named as.</source>
        <translation>사진에 스케치의 이름과 같은 것이 있는지예요.</translation>
    </message>
    <message>
        <source>How much the photo looks like the imagined picture.</source>
        <translation>사진이 상상한 그림과 얼마나 닮았는지예요.</translation>
    </message>
    <message>
        <source>How much the photo looks like those you marked.</source>
        <translation>사진이 표시한 사진들과 얼마나 닮았는지예요.</translation>
    </message>
    <message>
        <source>does not count</source>
        <translation>반영 안 함</translation>
    </message>
</context>
<context>
    <name>SkippedDialog</name>
    <message>
        <source>Files that could not be read</source>
        <translation>읽지 못한 파일</translation>
    </message>
    <message>
        <source>These files are not searched. They were left as they are, and are tried again when they change.</source>
        <translation>이 파일들은 찾기에서 빠져요. 파일은 그대로 두었고, 내용이 바뀌면 다시 읽어 봐요.</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>닫기</translation>
    </message>
    <message>
        <source>Copy the list</source>
        <translation>목록 복사</translation>
    </message>
    <message numerus="yes">
        <source>{0} (%n file(s))</source>
        <translation>
            <numerusform>{0} (파일 %n개)</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>StatusLine</name>
    <message>
        <source>Stop</source>
        <translation>멈추기</translation>
    </message>
    <message>
        <source>Stop reading photos; what has been read is kept.</source>
        <translation>사진 읽기를 멈춰요. 이미 읽은 것은 남아요.</translation>
    </message>
    <message>
        <source>Preparing photos is paused: {0} of {1}</source>
        <translation>사진 준비를 잠시 멈춤: {1}장 중 {0}장</translation>
    </message>
    <message>
        <source>Preparing photos for the full models: {0} of {1}</source>
        <translation>전체 모델용 사진 준비: {1}장 중 {0}장</translation>
    </message>
    <message>
        <source>Searches already work; they get better as more photos are prepared.</source>
        <translation>찾기는 지금도 되고, 준비된 사진이 늘수록 더 잘 찾아요.</translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>계속하기</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>잠시 멈추기</translation>
    </message>
    <message>
        <source>What has been prepared is kept.</source>
        <translation>이미 준비한 것은 남아요.</translation>
    </message>
    <message>
        <source>Looking for photos: {0} files so far</source>
        <translation>사진을 찾는 중: 지금까지 파일 {0}개</translation>
    </message>
    <message>
        <source>Finishing</source>
        <translation>마무리하는 중</translation>
    </message>
    <message>
        <source>Reading photos: {0} of {1}</source>
        <translation>사진을 읽는 중: {1}장 중 {0}장</translation>
    </message>
</context>
<context>
    <name>SyncMeter</name>
    <message>
        <source>Waiting for the phone</source>
        <translation>휴대폰을 기다리는 중</translation>
    </message>
    <message numerus="yes">
        <source>%Ln photo(s) can be searched already</source>
        <translation>
            <numerusform>벌써 사진 %Ln장을 찾을 수 있어요</numerusform>
        </translation>
    </message>
    <message>
        <source>Continue</source>
        <translation>계속하기</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>일시정지</translation>
    </message>
</context>
<context>
    <name>TimeLeft</name>
    <message>
        <source>less than a minute left</source>
        <translation>1분 안에 끝나요</translation>
    </message>
    <message>
        <source>about {0} min left</source>
        <translation>약 {0}분 남음</translation>
    </message>
    <message>
        <source>about {0} h left</source>
        <translation>약 {0}시간 남음</translation>
    </message>
</context>
<context>
    <name>Toolbar</name>
    <message>
        <source>Never stored or sent</source>
        <translation>저장하거나 보내지 않아요</translation>
    </message>
    <message>
        <source>The camera&apos;s pictures are used on this computer only, to see your hand, then dropped.</source>
        <translation>카메라 화면은 이 컴퓨터에서 손을 알아보는 데만 쓰고 바로 버려요.</translation>
    </message>
    <message>
        <source>Camera starting</source>
        <translation>카메라 켜는 중</translation>
    </message>
    <message>
        <source>Camera on</source>
        <translation>카메라 켜짐</translation>
    </message>
    <message>
        <source>Camera lost</source>
        <translation>카메라 끊김</translation>
    </message>
    <message>
        <source>Camera off</source>
        <translation>카메라 꺼짐</translation>
    </message>
    <message>
        <source>Switch the camera off</source>
        <translation>카메라 끄기</translation>
    </message>
    <message>
        <source>Switch the camera on</source>
        <translation>카메라 켜기</translation>
    </message>
</context>
<context>
    <name>TransferProgress</name>
    <message>
        <source>Fetching {0}</source>
        <translation>{0} 내려받는 중</translation>
    </message>
    <message>
        <source>Copying {0}</source>
        <translation>{0} 복사하는 중</translation>
    </message>
    <message>
        <source>Checking {0}</source>
        <translation>{0} 검사하는 중</translation>
    </message>
    <message>
        <source>Removing</source>
        <translation>지우는 중</translation>
    </message>
    <message>
        <source>Changing the models</source>
        <translation>모델을 바꾸는 중</translation>
    </message>
    <message>
        <source>Getting ready</source>
        <translation>준비하는 중</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>멈추는 중…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>취소</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <comment>bytes done, bytes in all</comment>
        <translation>{1} 중 {0}</translation>
    </message>
    <message>
        <source>{0} a second</source>
        <translation>초당 {0}</translation>
    </message>
</context>
<context>
    <name>WeightsField</name>
    <message>
        <source>None</source>
        <translation>없음</translation>
    </message>
    <message>
        <source>Choose…</source>
        <translation>고르기…</translation>
    </message>
    <message>
        <source>Choose: {0}</source>
        <translation>고르기: {0}</translation>
    </message>
    <message>
        <source>Use the published weights again</source>
        <translation>공개된 가중치로 되돌리기</translation>
    </message>
    <message>
        <source>A file…</source>
        <translation>파일…</translation>
    </message>
    <message>
        <source>A folder…</source>
        <translation>폴더…</translation>
    </message>
    <message>
        <source>Weights ({0})</source>
        <translation>가중치 ({0})</translation>
    </message>
    <message>
        <source>All files (*)</source>
        <translation>모든 파일 (*)</translation>
    </message>
</context>
</TS>
